import type { ChainSettings } from './settings-node.ts'

/** True where the settings name a chain at all; where they do not, nothing else of this folder need be loaded. */
export const namesChain = ({ file, rpc, escrow }: ChainSettings): boolean => file !== undefined || rpc.length > 0 || escrow !== undefined
