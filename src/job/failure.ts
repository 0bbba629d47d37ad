import { withoutStake } from './escrow-facts.ts'
import type { RecordOf } from './records.ts'
import type { JobView } from './view.ts'

/**
 * Why the Job cannot be done: what at least half of its peers ran into, and two of them at least, or its only one where nobody else is waited for any more.
 * Undefined while fewer did, also where it was so before more peers joined. In a paid Job a peer without a bond is not asked: it would cost nothing to bring many;
 * and what the others say is a doubt alone (progress.ts), since its escrow ends it.
 */
export function failureOf(view: JobView, graceOver = true): RecordOf<'complaint'> | undefined {
  const gone = withoutStake(view)
  const size = view.peers.size - gone.size
  if (size === 0 || (size === 1 && !graceOver)) return undefined
  const joined = [...view.complaints].filter(([peer]) => view.peers.has(peer) && !gone.has(peer)).sort(([a], [b]) => (a < b ? -1 : 1))
  const needed = Math.max(Math.ceil(size / 2), Math.min(2, size))
  return joined.length < needed ? undefined : joined[0]?.[1]
}
