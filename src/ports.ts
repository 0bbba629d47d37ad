/**
 * The ports of the house: types only. Roles see these and the domain (`job/`); adapters implement them, each fenced to its
 * folder, and never import one another. A fake of a port is allowed only beside a compliance suite that the real adapter passes too.
 */

export type * from './ports/chain.ts'
export type * from './ports/common.ts'
export type * from './ports/compute.ts'
export type * from './ports/network.ts'
export type * from './ports/proof.ts'
export type * from './ports/replica.ts'
export type * from './ports/signatures.ts'
export type * from './ports/storage.ts'
