import { ChainUnavailableError, RpcRefusedError } from '../errors.ts'
import { hash } from '../rpc/fields.ts'
import { isNodesFault } from '../rpc/source.ts'
import type { SenderComponents } from './components.ts'
import { type PoolAnswer, poolAnswer } from './node-answers.ts'
import type { SignedTransaction } from './sign.ts'

/** `unknown`: no node answered, which says nothing about whether one took it. */
export type BroadcastAnswer = { answer: 'taken' | 'unknown' } | BroadcastRefusal

interface BroadcastRefusal {
  answer: Exclude<PoolAnswer, 'known'>
  error: Error
  /** False where an answer was lost, with which one may have taken it. */
  isEverybodys: boolean
}

/** Before what decides less: a node that took it outweighs all others. */
const ORDER: readonly Exclude<PoolAnswer, 'known'>[] = ['nonce-used', 'below-base-fee', 'underpriced', 'no-money', 'nonce-far', 'other']

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
  const clear = refusals.filter(({ answer, error }) => isClear(answer, error))
  const isEverybodys = clear.length === outcomes.length
  for (const answer of ORDER) {
    const found = clear.find((refusal) => refusal.answer === answer)
    if (found !== undefined) return { answer, error: found.error, isEverybodys }
  }
  return { answer: 'unknown' }
}

/** A node's own no. What is in no state to answer has not said that it did nothing. */
function isClear(answer: PoolAnswer, error: Error): boolean {
  return error instanceof RpcRefusedError && (answer !== 'other' || !isNodesFault(error))
}
