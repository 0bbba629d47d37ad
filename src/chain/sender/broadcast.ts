import { ChainUnavailableError } from '../errors.ts'
import { hash } from '../rpc/fields.ts'
import type { SenderComponents } from './components.ts'
import { type PoolAnswer, poolAnswer } from './node-answers.ts'
import type { SignedTransaction } from './sign.ts'

/** `unknown`: no node answered, which says nothing about whether one took it. */
export type BroadcastAnswer = { answer: 'taken' | 'unknown' } | { answer: Exclude<PoolAnswer, 'known'>; error: Error }

/** Before what decides less: a node that took it outweighs all others. */
const ORDER: readonly PoolAnswer[] = ['nonce-used', 'below-base-fee', 'underpriced', 'no-money', 'nonce-far', 'other']

/** Hands the transaction to all nodes at once, so that one which swallows it delays nothing. Throws only the signal's reason. */
export async function broadcast(
  { rpc, logger }: Pick<SenderComponents, 'rpc' | 'logger'>,
  transaction: SignedTransaction,
  signal: AbortSignal,
): Promise<BroadcastAnswer> {
  const outcomes = await rpc.all('eth_sendRawTransaction', [transaction.raw], hash, { signal }).catch((error: unknown) => {
    if (error instanceof ChainUnavailableError) return []
    throw error
  })
  const refusals: { answer: PoolAnswer; error: Error }[] = []
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') {
      refusals.push({ answer: poolAnswer(outcome.reason), error: outcome.reason as Error })
    } else if (outcome.value === transaction.hash) {
      return { answer: 'taken' }
    } else {
      logger.warn('a node answered with the hash of another transaction', { expected: transaction.hash, found: outcome.value })
    }
  }
  if (refusals.some(({ answer }) => answer === 'known')) return { answer: 'taken' }
  for (const answer of ORDER) {
    const found = refusals.find((refusal) => refusal.answer === answer && 'code' in refusal.error)
    if (found !== undefined) return found as BroadcastAnswer
  }
  return { answer: 'unknown' }
}
