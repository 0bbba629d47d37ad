import { agreedMacroJobs, chunkStates, outcomeOf } from './agreement.ts'
import { equalBytes } from './bytes.ts'
import { type ChunkState, isExhausted } from './chunk-state.ts'
import { remainingMs } from './deadline.ts'
import { isPaidOut } from './escrow-duties.ts'
import type { EscrowFacts } from './escrow-facts.ts'
import { failureOf } from './failure.ts'
import type { JobInfo } from './info.ts'
import { isPaid } from './payment.ts'
import type { RecordOf } from './records.ts'
import { isCancelled, isRefunded, type JobView } from './view.ts'

export type MacroState = 'waiting' | 'processing' | 'processed' | 'verifying' | 'agreed'

export interface MacroProgress {
  macro: number
  state: MacroState
  /** MicroJobs with a commit that counts, by number of the MicroJob: the peer that made it. */
  processed: (string | undefined)[]
  /** The peer whose validation stands. */
  validator: string | undefined
  attempt: number
}

export interface PeerTally {
  peer: string
  wallet: string
  processed: number
  validated: number
  culprit: boolean
}

/** Why a Job cannot be done: what its peers ran into, or that all attempts of a chunk ended without agreement. */
export type JobFailure = RecordOf<'complaint'>['reason'] | 'attempts'

export interface JobProgress {
  jobId: string
  name: string
  /** `finished`: agreed and reported, or given no report for so long that none is waited for. `expired`: its deadline passed before all was agreed, by the clock of whoever looks; or its escrow pays no more, or gave back what was not paid by then. */
  state: 'unknown' | 'open' | 'agreed' | 'finished' | 'cancelled' | 'failed' | 'expired'
  /**
   * Of a paid Job, where its escrow stands; `unread` before this machine has read it, and without the chain: what is drawn, agreed and paid stands there, so the rest
   * says little. `absent`: the chain has no such escrow. Undefined where it is not paid.
   */
  escrow: EscrowFacts['state'] | 'unread' | undefined
  /** False where something of a paid Job is agreed and not paid yet, as far as this machine has read. */
  isPaidOut: boolean
  /** Why it failed, where it did. */
  failure: JobFailure | undefined
  /** What its only peer has run into, while others are waited for (GRACE_MS); in a paid Job, half of its peers. */
  doubt: JobFailure | undefined
  microJobs: { total: number; processed: number; agreed: number }
  macroJobs: MacroProgress[]
  peers: PeerTally[]
  culprits: ChunkState['culprits']
  shape: { macroJobs: number; microJobs: number; blocks: number }
  reportCid: string | undefined
}

/** What an onlooker knows beside the records, which carry no time. */
export interface Standpoint {
  /** Unix time in milliseconds that the deadline is held against. @default before any deadline */
  unixMs?: number
  /** A Job's only peer gave it up so long ago that nobody else is waited for. @default true, for who looks only once */
  graceOver?: boolean
  /** The Job has lacked nothing but its report for so long (REPORT_GRACE_MS) that it is finished without. @default false */
  reportGraceOver?: boolean
  /** The escrow's deadline has passed, with something agreed and not paid, so long ago (PAYMENT_GRACE_MS) that no payment is still to be read. @default true, for who looks only once */
  paymentGraceOver?: boolean
}

/**
 * How long a Job goes on that its only peer gave up, whose device may be at fault: as long as peers that are there may take to join it (roles/join-job.ts,
 * 20 s), and some.
 */
export const GRACE_MS = 30_000

/**
 * How long a client waits for the report of a Job that lacks nothing else: its peers may all have gone before one of them wrote it, and the result stands
 * without. Three turns of finalizers that live and write none (patience.ts, 5 s each), and the way of their records.
 */
export const REPORT_GRACE_MS = 20_000

/**
 * How long a payment of the last block before the deadline is waited for: that the deadline has passed is known with the next block, and what was paid is read
 * only then. Two tries of a chain that does not answer (roles/escrow-feed.ts, 15 s apart at most).
 */
export const PAYMENT_GRACE_MS = 30_000

/** What a person or a DApp may want to see of a Job, computed from its records. */
export function progressOf(view: JobView, standpoint: Standpoint = {}): JobProgress {
  const { info, jobId } = view
  if (info === undefined) {
    const none = { total: 0, processed: 0, agreed: 0 }
    const shape = { macroJobs: 0, microJobs: 0, blocks: 0 }
    const nothing = {
      microJobs: none,
      macroJobs: [],
      peers: [],
      culprits: [],
      shape,
      reportCid: undefined,
      escrow: undefined,
      isPaidOut: true,
      failure: undefined,
      doubt: undefined,
    }
    return { jobId, name: '', state: 'unknown', ...nothing }
  }
  const states = chunkStates(view, info)
  const macroJobs = states.flatMap((state) => state.macros.map((macro) => macroProgress(view, info.slicing.microJobs, state, macro)))
  const processed = macroJobs.reduce((sum, macro) => sum + macro.processed.filter((peer) => peer !== undefined).length, 0)
  const agreedMacros = macroJobs.filter(({ state }) => state === 'agreed').length
  const all = agreedMacros === macroJobs.length
  const reportCid = all ? reportOf(view, info) : undefined
  const failure = all ? undefined : whyFailed(view, info, states, standpoint)
  const state = stateOfJob(view, standpoint)
  const total = info.slicing.macroJobs * info.slicing.microJobs
  const microJobs = { total, processed, agreed: agreedMacros * info.slicing.microJobs }
  const { macroJobs: macros, microJobs: micros, blocks } = info.slicing
  return {
    jobId,
    name: info.name,
    state,
    microJobs,
    macroJobs,
    peers: tallies(view, states, macroJobs),
    culprits: states.flatMap(({ culprits }) => culprits),
    shape: { macroJobs: macros, microJobs: micros, blocks },
    reportCid,
    escrow: isPaid(info) ? (view.escrow?.state ?? 'unread') : undefined,
    isPaidOut: isPaidOut(view, info),
    failure,
    doubt: all || failure !== undefined ? undefined : failureOf(view)?.reason,
  }
}

/** The state alone: it is asked for at every record, and counts no MicroJobs. */
export function stateOfJob(view: JobView, standpoint: Standpoint = {}): JobProgress['state'] {
  const { info } = view
  if (info === undefined) return 'unknown'
  const agreed = agreedMacroJobs(view, info) !== undefined
  const unreported = standpoint.reportGraceOver === true && !isRefunded(view)
  const isUnpaid = agreed && standpoint.paymentGraceOver !== false && lacksPaymentForGood(view)
  return stateOf({
    // A report that is written before all is paid would have everybody leave, and the price go back.
    reported: agreed && (unreported || reportOf(view, info) !== undefined) && isPaidOut(view, info),
    cancelled: isCancelled(view),
    // What was agreed and never settled is paid no more.
    agreed: agreed && !isRefunded(view) && !isUnpaid,
    failed: !agreed && whyFailed(view, info, chunkStates(view, info), standpoint) !== undefined,
    expired: isRefunded(view) || isUnpaid || remainingMs(info, standpoint.unixMs ?? 0) === 0,
  })
}

/** True where all is agreed and, of a paid Job, paid as well: its report alone is still to come. */
export function lacksReportAlone(view: JobView): boolean {
  return view.info !== undefined && stateOfJob(view) === 'agreed' && isPaidOut(view, view.info)
}

/** True where all of a paid Job is agreed, and its escrow's deadline has passed, by the chain's time, before all was paid: its peers have only to have the rest refunded. */
export function lacksPaymentForGood(view: JobView): boolean {
  const { info, escrow } = view
  return info !== undefined && escrow?.expired === true && agreedMacroJobs(view, info) !== undefined && !isPaidOut(view, info)
}

/**
 * Complaints end no paid Job. Half of its peers may be one stranger's, whose word would have the others leave work that is paid, and nobody there to ask for
 * the refund; those who complain in earnest do no more of it, and at the deadline the money goes back.
 */
function whyFailed(view: JobView, info: JobInfo, states: readonly ChunkState[], { graceOver = true }: Standpoint): JobFailure | undefined {
  const complaint = isPaid(info) ? undefined : failureOf(view, graceOver)?.reason
  return complaint ?? (states.some(isExhausted) ? 'attempts' : undefined)
}

const OVER = new Set<JobProgress['state']>(['finished', 'cancelled', 'failed', 'expired'])

/** Ended, one way or another. */
export function hasEnded({ state }: Pick<JobProgress, 'state'>): boolean {
  return OVER.has(state)
}

/** The first report, by its author's id, that says what the records say; a stranger's is not one. */
function reportOf(view: JobView, info: JobInfo): string | undefined {
  const agreed = agreedMacroJobs(view, info)
  if (agreed === undefined || view.reports.length === 0) return undefined
  const outcome = outcomeOf(view.jobId, agreed)
  const fitting = view.reports.filter(({ author, record }) => view.peers.has(author) && equalBytes(record.outcome, outcome))
  return fitting.sort((a, b) => (a.author < b.author ? -1 : 1))[0]?.record.cid
}

function stateOf(facts: Record<'reported' | 'cancelled' | 'agreed' | 'failed' | 'expired', boolean>): JobProgress['state'] {
  if (facts.reported) return 'finished'
  if (facts.cancelled) return 'cancelled'
  // What was agreed stays so: its report may come after the deadline.
  if (facts.agreed) return 'agreed'
  if (facts.failed) return 'failed'
  return facts.expired ? 'expired' : 'open'
}

function macroProgress(view: JobView, microJobs: number, state: ChunkState, macro: number): MacroProgress {
  const agreed = state.agreed.get(macro)
  if (agreed !== undefined) {
    const processed = agreed.microJobs.map(({ author }) => author)
    return { macro, state: 'agreed', processed, validator: agreed.validator, attempt: agreed.attempt }
  }
  const { current } = state
  const processed = Array.from({ length: microJobs }, (_, micro) => current?.authorOf(macro, micro))
  const done = processed.filter((peer) => peer !== undefined).length
  const before = current?.draw !== undefined ? 'verifying' : done === microJobs ? 'processed' : done > 0 ? 'processing' : 'waiting'
  const verdict = current?.verdicts.find((candidate) => candidate.macro === macro)
  const validator =
    verdict?.state === 'open' && verdict.committed
      ? verdict.validators.find((peer) => hasCommitted(view, macro, microJobs, peer))
      : undefined
  return { macro, state: before, processed, validator, attempt: current?.attempt ?? 0 }
}

function hasCommitted(view: JobView, macro: number, micro: number, peer: string): boolean {
  return view.commits.get(`${macro}/${micro}`)?.some(({ author }) => author === peer) ?? false
}

function tallies(view: JobView, states: readonly ChunkState[], macroJobs: readonly MacroProgress[]): PeerTally[] {
  const culprits = new Set(states.flatMap(({ culprits }) => culprits.map(({ peer }) => peer)))
  return [...view.peers].map(([peer, { wallet }]) => ({
    peer,
    wallet,
    processed: macroJobs.reduce((sum, macro) => sum + macro.processed.filter((author) => author === peer).length, 0),
    validated: macroJobs.filter((macro) => macro.state === 'agreed' && macro.validator === peer).length,
    culprit: culprits.has(peer),
  }))
}
