/** The secret keys of a data directory, by their names in it; each is made at the first start. */
export const KEY_FILES = { identity: 'identity.json', wallet: 'wallet.key' } as const

/** The client's keys and Jobs, below the data directory: it runs beside a peer that has the rest. */
export const CLIENT_DIRECTORY = 'client'
