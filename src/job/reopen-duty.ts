import type { Draw } from './bench.ts'
import { equalBytes } from './bytes.ts'
import { type Attempt, type ChunkState, culpritsOf, unanswered } from './chunk-state.ts'
import type { JobInfo } from './info.ts'
import type { MacroVerdict } from './judge.ts'
import { authorIn, type Claim, claimedItems, claimOn, isEnough } from './lacking.ts'
import { drawnResults, resultKey } from './opened-results.ts'
import type { Proposal } from './proposals.ts'
import type { RecordOf } from './records.ts'
import { attemptKey, type JobView } from './view.ts'

/**
 * Why a peer would say that an attempt is stuck: it makes no progress; it can make none, since authors have opened their nonces for different proposals;
 * this peer lacks a result, which nobody else may know; or it lacks one that another judge lacks as well, and the two are believed.
 */
export type Ground = 'still' | 'spoilt' | 'lacks' | 'lacks-too'

/** A vote that the attempt is stuck, cast only after a while without progress. `awaited` are those who keep something back, or owe an answer. */
export interface ReopenDuty {
  kind: 'reopen'
  record: RecordOf<'reopen'>
  awaited: string[]
  ground: Ground
  mark: string
}

/** Another judge says that this result is not to be had: whoever may judge it, too, looks for itself. */
export interface LookDuty {
  kind: 'look'
  macro: number
  micro: number
}

type Looked = ReadonlyMap<string, boolean>
type Item = [macro: number, micro: number]
type Standing<D> = D & { id: string; before: string[] }

/** What peer `self` would vote in the attempt under way; none where it has. `looks`: it is looking for a result, and owes the answer. */
export function reopenDuty(
  view: JobView,
  info: JobInfo,
  state: ChunkState,
  attempt: Attempt,
  self: string,
  looked: Looked,
  looks: boolean,
): Standing<ReopenDuty>[] {
  const key = attemptKey(state.chunk, attempt.attempt)
  if (view.reopens.get(key)?.some(({ author }) => author === self)) return []
  const { draw, proposals, verdicts } = attempt
  const hidden = draw === undefined ? silentItems(proposals[0]) : hiddenItems(verdicts)
  const claims = draw === undefined ? [] : ownClaims(view, info, state, attempt, draw, self, looked)
  const items = [...hidden, ...claims.map(({ item }) => item)]
  const record: RecordOf<'reopen'> = { kind: 'reopen', chunk: state.chunk, attempt: attempt.attempt, items }
  const culprits = culpritsOf(state)
  const owing = [...authorsOf(attempt, hidden), ...claims.flatMap((own) => heardFrom(own, self)), ...(looks ? [self] : [])]
  // Who was convicted meanwhile opens nothing any more.
  const awaited = (owing.length > 0 ? [...new Set(owing)] : unanswered(verdicts)).filter((peer) => !culprits.has(peer))
  return [
    {
      id: `reopen/${key}`,
      kind: 'reopen',
      before: [],
      record,
      awaited,
      ground: groundOf(view, key, attempt, claims, self),
      mark: markOf(attempt),
    },
  ]
}

/** Results that another judge lacks and this one has not looked for, one duty each. */
export function lookDuties(
  view: JobView,
  info: JobInfo,
  state: ChunkState,
  { draw, verdicts }: Pick<Attempt, 'verdicts'> & { draw: Draw },
  self: string,
  looked: Looked,
): Standing<LookDuty>[] {
  return claimedItems(state, draw, verdicts).flatMap(({ verdict: { macro, validators }, micro }) => {
    if (!validators.includes(self)) return []
    const result = drawnResults(view, info, macro).find((found) => found.micro === micro)
    if (result === undefined || result.author === self || looked.has(resultKey(result))) return []
    return [{ id: `look/${resultKey(result)}`, kind: 'look', before: [], macro, micro }]
  })
}

/** What this peer lacks of what it may judge, and what is said of it already. */
interface OwnClaim {
  item: Item
  claim: Claim
}

function ownClaims(
  view: JobView,
  info: JobInfo,
  state: ChunkState,
  { verdicts }: Attempt,
  draw: Draw,
  self: string,
  looked: Looked,
): OwnClaim[] {
  // Nearly always all is here, and this is asked several times a second.
  if (![...looked.values()].includes(false)) return []
  return verdicts.flatMap((verdict) => {
    if (verdict.state !== 'open' || !verdict.validators.includes(self)) return []
    const lacked = drawnResults(view, info, verdict.macro).filter(
      (result) => result.author !== self && looked.get(resultKey(result)) === false,
    )
    return lacked.flatMap(({ macro, micro }): OwnClaim[] => {
      const claim = claimOn(view, state, draw.record, verdict, micro)
      return claim === undefined ? [] : [{ item: [macro, micro], claim }]
    })
  })
}

/** Whom a claim waits for: its author, who may be back and give the bytes; once it is on file, the other judges. */
function heardFrom({ claim: { author, by, judges } }: OwnClaim, self: string): string[] {
  return by.has(self) ? judges.filter((peer) => !by.has(peer)) : [author]
}

function groundOf(view: JobView, key: string, attempt: Attempt, claims: readonly OwnClaim[], self: string): Ground {
  const isNew = ({ claim: { by } }: OwnClaim) => !by.has(self)
  const completes = ({ claim: { by, judges } }: OwnClaim) => by.size > 0 && isEnough({ by: new Set([...by, self]), judges })
  if (claims.some((own) => isNew(own) && completes(own))) return 'lacks-too'
  if (isSpoilt(view, key, attempt)) return 'spoilt'
  return claims.some(isNew) ? 'lacks' : 'still'
}

/**
 * True where authors have opened their nonces for different proposals, as after a cut through the network, so that none can be fixed any more: an author
 * opens for one.
 */
function isSpoilt(view: JobView, key: string, { draw, proposals }: Attempt): boolean {
  if (draw !== undefined || proposals.length < 2) return false
  const nonces = view.nonces.get(key) ?? []
  const opened = new Set(
    nonces.filter(({ record }) => proposals.some(({ root }) => equalBytes(root, record.root))).map(({ author }) => author),
  )
  return proposals.every(({ missing }) => missing.some((author) => opened.has(author)))
}

/** The authors whom a proposal picked for these MicroJobs. */
function authorsOf({ draw, proposals }: Attempt, items: readonly Item[]): string[] {
  const record = draw?.record ?? proposals[0]?.record
  return items.flatMap(([macro, micro]) => authorIn(record, macro, micro) ?? [])
}

/** The MicroJobs of authors who keep back their nonce. */
function silentItems(proposal: Proposal | undefined): Item[] {
  if (proposal === undefined) return []
  const { record, missing } = proposal
  return record.picks.flatMap(({ macro, by }) =>
    by.flatMap((index, micro): Item[] => (missing.includes(record.authors[index] as string) ? [[macro, micro]] : [])),
  )
}

/** The MicroJobs whose results are kept back after a validator has committed. */
function hiddenItems(verdicts: readonly MacroVerdict[]): Item[] {
  return verdicts.flatMap((verdict) => {
    if (verdict.state !== 'open' || !verdict.committed) return []
    return verdict.hidden.map((micro): Item => [verdict.macro, micro])
  })
}

/** How far an attempt has come, as a text that changes with each step of it and with nothing else. */
function markOf({ proposals, draw, verdicts }: Attempt): string {
  if (draw === undefined) return `${proposals.length}/${proposals[0]?.missing.length ?? ''}/${proposals[0]?.endorsers.length ?? ''}`
  const steps = verdicts.map((verdict) => {
    if (verdict.state !== 'open') return verdict.state
    const { committed, validated, hidden, disputes, unsigned } = verdict
    return [committed, validated, hidden.length, unsigned !== undefined, ...disputes.map(({ voted }) => voted.length)].join(',')
  })
  return steps.join('/')
}
