/**
 * What a DApp imports that pays: `import { connectChain } from 'minga/chain'`. Apart from `minga`, which stays free of all that speaks to a chain; nothing
 * here needs Node.js either.
 */
export { type ConnectChainInit, connectChain } from './chain/connect.ts'
export type { Chain, WalletBalances } from './ports.ts'
