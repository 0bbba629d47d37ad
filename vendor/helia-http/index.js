// Stands in for @helia/http, which dials public gateways. A Minga peer talks to no host it was not told about.
export const withHTTP = (helia) => helia
export const DEFAULT_TRUSTLESS_GATEWAYS = []
