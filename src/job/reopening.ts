import type { Draw } from './bench.ts'
import type { ChunkState } from './chunk-state.ts'
import { sinceKey } from './commits.ts'
import type { MacroVerdict } from './judge.ts'
import { authorIn, claimOn, isEnough, noteClaims } from './lacking.ts'
import type { Proposal } from './proposals.ts'
import { attemptKey, type JobView } from './view.ts'

/**
 * Who may say that an attempt is stuck: its authors, or, since they may all be one peer that died, the members of the proposal that names most of those
 * who have joined; one by a peer that had heard of nobody else yet would leave the word to a peer that may have died since.
 */
export function electorates(
  view: JobView,
  authors: Set<string>,
  proposals: readonly Proposal[],
  barred: ReadonlySet<string>,
): Set<string>[] {
  const able = (peers: Iterable<string>) => new Set([...peers].filter((peer) => view.peers.has(peer) && !barred.has(peer)))
  const [first, ...others] = proposals.map(({ record }) => able(record.members))
  if (first === undefined) return [authors, able(view.peers.keys())]
  return [authors, others.reduce((most, next) => (next.size > most.size ? next : most), first)]
}

/** How far an attempt has come when it is asked whether it is stuck. */
interface Standing {
  number: number
  draw: Draw | undefined
  verdicts: readonly MacroVerdict[]
  /** The one of best rank, fixed or not. */
  proposal: Proposal | undefined
}

/** Half of either electorate ends an attempt, once all of it is processed: one crashed peer of two, or of three, cannot hold up the Job. */
export function applyReopenVotes(
  view: JobView,
  state: ChunkState,
  since: Map<string, number>,
  electorates: readonly ReadonlySet<string>[],
  { number: attempt, draw, verdicts, proposal }: Standing,
): boolean {
  const cast = view.reopens.get(attemptKey(state.chunk, attempt)) ?? []
  const votesOf = (voters: ReadonlySet<string>) => cast.filter(({ author }) => voters.has(author))
  const carries = (voters: ReadonlySet<string>) => votesOf(voters).length > 0 && votesOf(voters).length >= Math.ceil(voters.size / 2)
  if (!electorates.some(carries)) return false
  // What is missing may be named by either: whoever alone has all the commits would name nothing of its own.
  const votes = cast.filter(({ author }) => electorates.some((voters) => voters.has(author)))
  if (draw !== undefined) noteClaims(state, draw, verdicts, votes)
  const keepers = new Set<string>()
  for (const { record } of votes) {
    for (const [macro, micro] of record.items) {
      const verdict = verdicts.find((candidate) => candidate.macro === macro)
      const opened = draw !== undefined && verdict?.state === 'open' && !verdict.hidden.includes(micro)
      const author = authorIn(draw?.record ?? proposal?.record, macro, micro)
      const claim = opened ? claimOn(view, state, draw.record, verdict, micro) : undefined
      const lacked = claim !== undefined && isEnough(claim)
      if (state.agreed.has(macro) || (opened && !lacked)) continue
      // A vote alone is no proof: what is missing must have been due.
      const due = draw === undefined ? proposal?.missing.includes(author ?? '') : verdict?.state === 'open' && verdict.committed
      if (author === undefined || !(due || lacked)) continue
      since.set(sinceKey(macro, micro, author), attempt + 1)
      keepers.add(author)
    }
  }
  for (const author of keepers) state.withheld.set(author, (state.withheld.get(author) ?? 0) + 1)
  return true
}
