import { DEVELOPMENT_CHAIN_ID } from '../job/development-chain.ts'
import type { ChainInit } from './chain.ts'

/** A block proposer's share has been below it on all chains, but for minutes. */
export const MAX_TIP_WEI = 5_000_000_000n
/** Ten times what Ethereum asks on a busy day of 2025. */
const MAX_FEE_WEI = 300_000_000_000n
/** Two epochs of Ethereum's proof of stake: what lies below is final. */
const FINALITY_BLOCKS = 64

export type ChainDefaults = Pick<
  ChainInit,
  'timeoutMs' | 'fees' | 'pollingIntervalMs' | 'stuckAfterMs' | 'giveUpMs' | 'confirmations' | 'finalityBlocks'
>

/** What holds for a chain where nobody says otherwise. */
export function defaultsOf(chainId: number): ChainDefaults {
  // There a block comes with each transaction.
  const isDevelopment = chainId === DEVELOPMENT_CHAIN_ID
  return {
    timeoutMs: 10_000,
    fees: { capWei: MAX_FEE_WEI, maxTipWei: MAX_TIP_WEI },
    pollingIntervalMs: isDevelopment ? 250 : 4_000,
    // Some blocks: what a fair offer needs at most.
    stuckAfterMs: isDevelopment ? 5_000 : 90_000,
    giveUpMs: 600_000,
    confirmations: isDevelopment ? 1 : 3,
    finalityBlocks: FINALITY_BLOCKS,
  }
}
