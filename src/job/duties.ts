import { agreedMacroJobs, chunkStates, outcomeOf } from './agreement.ts'
import { benchOf, type Draw } from './bench.ts'
import { bytesToHex, equalBytes } from './bytes.ts'
import { type Attempt, barredFrom, type ChunkState, culpritsOf, isExhausted, type Pick, unableIn } from './chunk-state.ts'
import { type ConvictionDuty, convictionDuties } from './conviction.ts'
import type { Dispute } from './dispute.ts'
import { type EscrowDuty, isPaidOut, refusalDuties, rootDuties, settleDuties, waitsForChain } from './escrow-duties.ts'
import { hasStake } from './escrow-facts.ts'
import { fieldToBytes } from './field.ts'
import type { JobInfo } from './info.ts'
import type { MacroVerdict } from './judge.ts'
import { anyValidationCommit, validationCommit } from './openings.ts'
import { isPaid } from './payment.ts'
import { type Proposal, proposalRank } from './proposals.ts'
import { MAX_MEMBERS, type RecordOf } from './records.ts'
import { type LookDuty, lookDuties, type ReopenDuty, reopenDuty } from './reopen-duty.ts'
import { processorsFirst, turnOf } from './turns.ts'
import { attemptKey, isCancelled, isRefunded, type JobView, microKey } from './view.ts'

/**
 * What one peer ought to do next for a Job, beside taking MicroJobs from the queues. `before` are the peers whose turn comes first: it acts
 * when all of them let their time pass. `id` names the duty for as long as it stands.
 */
export type Duty = { id: string; before: string[] } & (
  | { kind: 'propose'; record: RecordOf<'root'> }
  | { kind: 'open-nonce'; chunk: number; attempt: number; root: Uint8Array }
  | { kind: 'validate'; macro: number; attempt: number; challenge: Uint8Array; samples: number[]; picked: string[] }
  | { kind: 'reveal'; macro: number; micro: number; attempt: number }
  | { kind: 'recheck'; macro: number; attempt: number; dispute: Dispute }
  | LookDuty
  | ReopenDuty
  | { kind: 'finalize'; outcome: Uint8Array }
  | EscrowDuty
  | ConvictionDuty
)

/** What a peer has found out for itself, beside the records. */
export interface Findings {
  /** A report that it wrote, or verified: a record alone proves none. */
  reported?: boolean
  /** Ids of `convict` duties that the chain has taken. */
  convicted?: ReadonlySet<string>
  /** By `resultKey` of a revealed result whose bytes it asked for, whether somebody gave them (roles/take-results.ts). */
  looked?: ReadonlyMap<string, boolean>
}

/** The duties of peer `self`; none where it has not joined, or the Job is cancelled or reported. */
export function dutiesOf(view: JobView, self: string, findings: Findings = {}): Duty[] {
  const { info } = view
  if (info === undefined || !view.peers.has(self) || isCancelled(view) || isRefunded(view)) return []
  const agreed = agreedMacroJobs(view, info)
  const settling = [
    ...convictionDuties(view, info, self, findings.convicted),
    ...settleDuties(view, info, self),
    ...refusalDuties(view, info, self),
  ]
  // The report comes last: with it a Job is over, and its peers leave.
  if (agreed !== undefined && !isPaidOut(view, info)) return settling
  if (agreed !== undefined) return findings.reported ? [] : [...settling, ...finalizeDuty(view, self, outcomeOf(view.jobId, agreed))]
  // Nothing is paid any more: what is not known yet is given to nobody.
  if (isPaid(info) && view.escrow?.expired) return settling
  const states = chunkStates(view, info)
  // Nothing comes of the rest where one chunk has used up its attempts; what is agreed is paid all the same.
  if (states.some(isExhausted)) return settling
  const attempts = states.flatMap((state) =>
    state.current === undefined ? [] : attemptDuties(view, info, state, state.current, self, findings.looked),
  )
  return [...settling, ...attempts]
}

function finalizeDuty(view: JobView, self: string, outcome: Uint8Array): Duty[] {
  if (view.reports.some(({ author, record }) => author === self && equalBytes(record.outcome, outcome))) return []
  const processors = new Set([...view.commits.values()].flatMap((commits) => commits.map(({ author }) => author)))
  // Who only validated comes last: a Job whose processors have all gone still gets its report.
  const order = processorsFirst(view.jobId, view.peers.keys(), processors)
  return [{ id: `finalize/${bytesToHex(outcome.subarray(0, 8))}`, kind: 'finalize', before: turnOf(order, self), outcome }]
}

function attemptDuties(
  view: JobView,
  info: JobInfo,
  state: ChunkState,
  attempt: Attempt,
  self: string,
  looked: ReadonlyMap<string, boolean> = NOTHING,
): Duty[] {
  if ([...attempt.open.values()].some((micros) => micros.length > 0)) return []
  if (culpritsOf(state).has(self) || (attempt.draw === undefined && state.unstaked.has(self))) return []
  const { draw } = attempt
  if (draw === undefined) {
    // Whatever is drawn so late is not opened any more, and cores and gas are for what is to be settled.
    if (isPaid(info) && view.escrow?.closing) return []
    const waits = waitsForChain(view, info, state.chunk, attempt, (proposal) => isFair(view, info, state, proposal))
    const reopening = waits ? [] : reopenDuty(view, info, state, attempt, self, looked, false)
    return [...proposeDuty(view, info, state, attempt, self), ...drawDuties(view, info, state, attempt, self), ...reopening]
  }
  const judged = attempt.verdicts.flatMap((verdict) =>
    verdict.state === 'open' ? openVerdictDuties(view, info, state, draw, verdict, self) : [],
  )
  const looks = lookDuties(view, info, state, { ...attempt, draw }, self, looked)
  return [...judged, ...looks, ...reopenDuty(view, info, state, attempt, self, looked, looks.length > 0)]
}

const NOTHING: ReadonlyMap<string, boolean> = new Map()

function proposeDuty(view: JobView, info: JobInfo, state: ChunkState, attempt: Attempt, self: string): Duty[] {
  const key = attemptKey(state.chunk, attempt.attempt)
  const proposed = view.roots.get(key)?.some(({ author }) => author === self)
  if (proposed || attempt.proposals.some((proposal) => isFair(view, info, state, proposal))) return []
  const record = proposalOf(view, info, state, attempt)
  // Of who joined a moment ago the chain is still to be asked.
  if (!record.authors.every((peer) => hasStake(view, info, peer))) return []
  const byRank = (a: string, b: string) => (proposalRank(view, record, a) < proposalRank(view, record, b) ? -1 : 1)
  const others = record.members.filter((peer) => !record.authors.includes(peer))
  // Whoever has not processed comes last: what is left may all be the work of one peer that has died since.
  const order = [...[...record.authors].sort(byRank), ...others.sort(byRank)]
  const rank = order.indexOf(self)
  return rank === -1 ? [] : [{ id: `propose/${key}`, kind: 'propose', before: order.slice(0, rank), record }]
}

/** The proposal that a peer would make: for each MicroJob the first commit that counts. */
function proposalOf(view: JobView, info: JobInfo, state: ChunkState, attempt: Attempt): RecordOf<'root'> {
  const micros = Array.from({ length: info.slicing.microJobs }, (_, micro) => micro)
  const culprits = culpritsOf(state)
  const authors: string[] = []
  const indexOf = (author: string) => {
    if (!authors.includes(author)) authors.push(author)
    return authors.indexOf(author)
  }
  const picks = attempt.pending.map((macro) => {
    const found = micros.map((micro) => attempt.pickOf(macro, micro) as Pick)
    return { macro, by: found.map(({ author }) => indexOf(author)), at: found.map(({ attempt }) => attempt) }
  })
  const members = [...view.peers.keys()]
    .filter((peer) => !culprits.has(peer) && hasStake(view, info, peer))
    .sort()
    .slice(0, MAX_MEMBERS)
  return { kind: 'root', chunk: state.chunk, attempt: attempt.attempt, members, authors, picks }
}

/**
 * A proposal that leaves out peers chooses its own judges, and nobody honest opens a nonce for it. A third may be missing: they may have joined a
 * moment ago. Nor does anybody for one that names a peer without a bond: the escrow would not pay on that peer's word.
 */
function isFair(view: JobView, info: JobInfo, state: ChunkState, { record, stale }: Proposal): boolean {
  if (stale) return false
  if (![...record.authors, ...record.members].every((peer) => hasStake(view, info, peer))) return false
  const barred = barredFrom(state)
  const able = [...view.peers.keys()].filter((peer) => !barred.has(peer) && hasStake(view, info, peer))
  const named = new Set(record.members)
  return 3 * able.filter((peer) => named.has(peer)).length >= 2 * Math.min(able.length, MAX_MEMBERS)
}

/** What leads from a proposal to a draw: the peers' own beacon, or the chain's. */
function drawDuties(view: JobView, info: JobInfo, state: ChunkState, attempt: Attempt, self: string): Duty[] {
  if (!isPaid(info)) return nonceDuty(view, info, state, attempt, self)
  return rootDuties(view, info, { ...attempt, chunk: state.chunk }, (proposal) => isFair(view, info, state, proposal), self)
}

function nonceDuty(view: JobView, info: JobInfo, state: ChunkState, attempt: Attempt, self: string): Duty[] {
  const key = attemptKey(state.chunk, attempt.attempt)
  const best = attempt.proposals.find((proposal) => isFair(view, info, state, proposal))
  if (best === undefined || view.nonces.get(key)?.some(({ author }) => author === self)) return []
  if (!best.missing.includes(self)) return []
  return [{ id: `nonce/${key}`, kind: 'open-nonce', before: [], chunk: state.chunk, attempt: attempt.attempt, root: best.root }]
}

type OpenVerdict = Extract<MacroVerdict, { state: 'open' }>

function openVerdictDuties(view: JobView, info: JobInfo, state: ChunkState, draw: Draw, verdict: OpenVerdict, self: string): Duty[] {
  const { macro } = verdict
  const at = `${attemptKey(state.chunk, draw.attempt)}/${macro}`
  const bench = benchOf(view, info, draw, macro, unableIn(state))
  const duties: Duty[] = []
  const rank = verdict.validators.indexOf(self)
  const mine = validationCommit(view, info, draw, macro, self)
  // Who gave the Job up opens what it has committed to, and judges no more, as who was convicted meanwhile or lost its bond; nobody waits for them.
  const able = !view.complaints.has(self) && !state.unstaked.has(self)
  const culprits = culpritsOf(state)
  const judges = (peer: string) => !view.complaints.has(peer) && !culprits.has(peer) && !state.unstaked.has(peer)
  const first = (peers: readonly string[]) => peers.filter(judges)
  // Results that can hardly be paid any more are not given away, and nobody runs what it can compare with nothing.
  const isTooLate = verdict.hidden.length > 0 && view.escrow?.closing === true
  if (!verdict.validated && able && !isTooLate && rank >= 0 && anyValidationCommit(view, info, draw, macro, self) === undefined) {
    duties.push({
      id: `validate/${at}`,
      kind: 'validate',
      before: first(verdict.validators.slice(0, rank)),
      macro,
      attempt: draw.attempt,
      challenge: fieldToBytes(draw.challenge),
      samples: bench.samples,
      picked: bench.picked,
    })
  }
  // A validator opens last: what it says of a MacroJob says, too, that it has had all results in hand. Its own commit binds it all the same.
  if (mine !== undefined && !revealed(view, macro, info.slicing.microJobs, draw.attempt, self) && verdict.hidden.length === 0) {
    duties.push({ id: `reveal/${at}/v`, kind: 'reveal', before: [], macro, micro: info.slicing.microJobs, attempt: draw.attempt })
  }
  if (verdict.committed) {
    for (const micro of verdict.hidden) {
      if (bench.picked[micro] !== self || isTooLate) continue
      const attempt = bench.at[micro] as number
      if (revealed(view, macro, micro, attempt, self)) continue
      duties.push({ id: `reveal/${at}/${micro}`, kind: 'reveal', before: [], macro, micro, attempt })
    }
  }
  if (verdict.unsigned?.validator === self)
    duties.push({ id: `sign-verdict/${at}`, before: [], kind: 'sign-verdict', expected: verdict.unsigned })
  for (const dispute of verdict.disputes) {
    const place = dispute.voters.indexOf(self)
    if (place === -1 || !able || dispute.voted.includes(self)) continue
    duties.push({
      id: `recheck/${at}/${dispute.micro}`,
      kind: 'recheck',
      before: first(dispute.voters.slice(0, place)).slice(0, -1),
      macro,
      attempt: draw.attempt,
      dispute,
    })
  }
  return duties
}

function revealed(view: JobView, macro: number, micro: number, attempt: number, self: string): boolean {
  return (view.reveals.get(microKey(macro, micro)) ?? []).some(({ author, record }) => author === self && record.attempt === attempt)
}
