import { RpcRefusedError } from '../errors.ts'

/*
 * Nodes tell why they do not take a transaction in words of their own; JSON-RPC has no codes for it. The words are those of geth, which
 * Erigon, Nethermind, Besu, Reth and anvil follow closely.
 */

export type PoolAnswer = 'known' | 'nonce-used' | 'underpriced' | 'below-base-fee' | 'no-money' | 'nonce-far' | 'other'

const ANSWERS: readonly (readonly [PoolAnswer, RegExp])[] = [
  ['known', /already known|already imported|known transaction|already exists/i],
  ['nonce-used', /nonce too low|nonce is too low|oldnonce|invalid nonce/i],
  ['below-base-fee', /less than block base fee|feetoolow|fee cap less than|max fee per gas less/i],
  ['underpriced', /underpriced|replacement (transaction|not allowed)|fee too low/i],
  ['no-money', /insufficient (funds|balance|maxfeepergas for sender balance)|upfrontcost/i],
  ['nonce-far', /nonce too (high|far)|nonce gap|too distant/i],
]

/** What a node meant by refusing a transaction. */
export function poolAnswer(error: unknown): PoolAnswer {
  if (!(error instanceof RpcRefusedError)) return 'other'
  return ANSWERS.find(([, words]) => words.test(error.message))?.[0] ?? 'other'
}
