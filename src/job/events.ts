import type { JobProgress, MacroProgress } from './progress.ts'
import { MAX_ATTEMPTS } from './records.ts'

/**
 * `open`: nobody has computed it; `done`: its commit stands; `agreed`: its result was verified; `refused`: its result was wrong or never opened,
 * and it is computed again. Locks live in the queues' channels, so an onlooker does not see them.
 */
export type MicroJobState = 'open' | 'locked' | 'done' | 'agreed' | 'refused'

/**
 * `running`: somebody has begun; `agreed`: every MicroJob was verified; `failed`: it cannot be finished; `cancelled` by its requester; `expired`: its
 * deadline has passed; `unread`: it is paid, and the chain, which alone knows, has not said yet, or none was given.
 */
export type JobState = 'unread' | 'open' | 'running' | 'agreed' | 'failed' | 'cancelled' | 'expired'

export interface JobShape {
  macroJobs: number
  /** Processing MicroJobs of a MacroJob; the validation MicroJob comes after them, at this index. */
  microJobs: number
  /** Blocks of a MicroJob. */
  blocks: number
}

export interface JobSummary {
  jobId: string
  name: string
  state: JobState
  shape: JobShape
  /** All its MicroJobs, those that validate a MacroJob included, which `shape` leaves out: M × (N + 1). */
  total: number
  /** How many of `total` are done, and how many agreed. */
  done: number
  agreed: number
  /** Peers that have ever joined it, those that have left included: a record of a join stays. */
  peers: number
}

/** What happened on a Job. The first event of a stream is always `job:seen`, the last `job:finished`. */
export type JobEvent =
  | { type: 'job:seen'; job: JobSummary }
  | { type: 'microjob:changed'; macro: number; micro: number; state: MicroJobState; peer?: string; tookMs?: number }
  | { type: 'peer:joined'; peer: string }
  | { type: 'culprit:found'; peer: string; macro: number; micro: number; reason: string }
  /** Its only peer has given it up, or half of those of a paid Job; others are waited for. */
  | { type: 'job:doubted'; reason: string }
  | { type: 'job:finished'; state: 'agreed' | 'failed' | 'cancelled' | 'expired'; report?: string; reason?: string }

const WRONG_RESULT = 'its result differs from what independent peers computed'
const WITHOUT_STAKE = 'it judged without the bond that the Job asks for, so that the escrow takes no word of it'

const STATES: Record<JobProgress['state'], JobState> = {
  unknown: 'open',
  open: 'running',
  agreed: 'running',
  finished: 'agreed',
  cancelled: 'cancelled',
  failed: 'failed',
  expired: 'expired',
}

/** A Job in one line. */
export function summaryOf(progress: JobProgress): JobSummary {
  const { jobId, name, macroJobs, shape, peers } = progress
  const validated = macroJobs.filter(({ validator }) => validator !== undefined).length
  const agreedMacros = macroJobs.filter(({ state }) => state === 'agreed').length
  const done = progress.microJobs.processed + validated
  const begun = done > 0 || peers.length > 0
  const known = progress.state === 'open' && !begun ? 'open' : STATES[progress.state]
  const state = progress.escrow === 'unread' ? 'unread' : known
  const total = shape.macroJobs * (shape.microJobs + 1)
  return { jobId, name, state, shape, total, done, agreed: progress.microJobs.agreed + agreedMacros, peers: peers.length }
}

/** What a watcher hears when a Job goes from `before` (undefined: it has just begun to watch) to `now`. */
export function eventsBetween(before: JobProgress | undefined, now: JobProgress): JobEvent[] {
  const events: JobEvent[] = before === undefined ? [{ type: 'job:seen', job: summaryOf(now) }] : []
  const known = new Set(before?.peers.map(({ peer }) => peer))
  for (const { peer } of now.peers) if (!known.has(peer)) events.push({ type: 'peer:joined', peer })
  for (const [index, macro] of now.macroJobs.entries()) events.push(...microJobEvents(before?.macroJobs[index], macro))
  const convicted = new Set(before?.culprits.map(({ peer, macro }) => `${peer}/${macro}`))
  for (const { peer, macro, micro, reason } of now.culprits) {
    if (convicted.has(`${peer}/${macro}`)) continue
    events.push({ type: 'culprit:found', peer, macro, micro, reason: reason === undefined ? WRONG_RESULT : WITHOUT_STAKE })
  }
  if (now.doubt !== undefined && before?.doubt === undefined) events.push({ type: 'job:doubted', reason: now.doubt })
  const ended = endOf(now)
  if (ended !== undefined && (before === undefined || endOf(before) === undefined)) events.push(ended)
  return events
}

function microJobEvents(before: MacroProgress | undefined, now: MacroProgress): JobEvent[] {
  const events: JobEvent[] = []
  for (let micro = 0; micro <= now.processed.length; micro++) {
    const [was, is] = [microState(before, micro), microState(now, micro)]
    if (was.state === is.state && was.peer === is.peer) continue
    const state = is.state === 'open' && was.state === 'done' ? 'refused' : is.state
    events.push({ type: 'microjob:changed', macro: now.macro, micro, state, ...(is.peer !== undefined && { peer: is.peer }) })
  }
  return events
}

function microState(macro: MacroProgress | undefined, micro: number): { state: MicroJobState; peer: string | undefined } {
  if (macro === undefined) return { state: 'open', peer: undefined }
  const peer = micro === macro.processed.length ? macro.validator : macro.processed[micro]
  if (peer === undefined) return { state: 'open', peer }
  return { state: macro.state === 'agreed' ? 'agreed' : 'done', peer }
}

function endOf({ state, reportCid, failure }: JobProgress): Extract<JobEvent, { type: 'job:finished' }> | undefined {
  if (state === 'finished') return { type: 'job:finished', state: 'agreed', ...(reportCid !== undefined && { report: reportCid }) }
  if (state === 'cancelled' || state === 'expired') return { type: 'job:finished', state }
  if (state === 'failed')
    return {
      type: 'job:finished',
      state,
      ...(failure !== undefined && { reason: failure === 'attempts' ? `no agreement in ${MAX_ATTEMPTS} attempts` : failure }),
    }
  return undefined
}
