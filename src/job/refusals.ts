import type { Draw } from './bench.ts'
import { withoutStake } from './escrow-facts.ts'
import type { RecordOf } from './records.ts'
import { type Authored, attemptKey, type JobView } from './view.ts'

/**
 * Validators whose word the escrow takes no more, as half of the draw's members say who have a bond themselves: with one such word in it a whole settlement
 * is refused. Members say so in records, and a record stays: each reads the chain at another moment, and a bond that comes back must not undo an attempt
 * (docs/PROTOCOL.md, "What the escrow refuses").
 */
export function refusedValidators(view: JobView, chunk: number, draw: Draw, barred: ReadonlySet<string>): Set<string> {
  const votes = view.refusals.get(attemptKey(chunk, draw.attempt)) ?? []
  if (votes.length === 0) return new Set()
  const gone = withoutStake(view)
  // Half of all, the accused among them where the chain still trusts it: what is said of it falsely needs as many as any other vote.
  const members = draw.record.members.filter((peer) => view.peers.has(peer) && !barred.has(peer) && !gone.has(peer))
  const carries = (culprit: string) => {
    const { size } = votersAgainst(votes, culprit, members)
    return size > 0 && 2 * size >= members.length
  }
  return new Set(votes.map(({ record }) => record.culprit).filter(carries))
}

function votersAgainst(votes: readonly Authored<RecordOf<'refusal'>>[], culprit: string, members: readonly string[]): Set<string> {
  const against = votes.filter(({ author, record }) => record.culprit === culprit && author !== culprit && members.includes(author))
  return new Set(against.map(({ author }) => author))
}
