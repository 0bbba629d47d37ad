import { remainingMs } from '../job/deadline.ts'
import { failureOf } from '../job/failure.ts'
import { GRACE_MS, hasEnded, type JobProgress, progressOf, type Standpoint, stateOfJob } from '../job/progress.ts'
import type { Abortable, Clock } from '../ports.ts'
import { type JobSession, untilHolds } from './job-session.ts'

/** A clock that is set anew is noticed after so long. */
const MAX_SLEEP_MS = 5000

export interface OutlookInit {
  clock: Clock
  /** Unix time in milliseconds. @default the system's */
  unixMs?: (() => number) | undefined
  /** How long after its deadline a Job is given up. @default 0 */
  toleranceMs?: number
}

/**
 * A Job's state as it looks to this machine: from its records and, where it has a deadline, from the time of day; a Job that its only peer gave up is
 * over some time after this machine has heard of it.
 */
export interface JobOutlook {
  progress(): JobProgress
  state(): JobProgress['state']
  isOver(): boolean
  /** Called after the records have moved, or the deadline has passed; returns the way to stop. */
  onChange(listener: () => void): () => void
  /** Resolves when the Job is over. Rejects with the signal's reason. */
  untilOver(options?: Abortable): Promise<void>
  close(): void
}

/** The session stays the caller's. */
export function createJobOutlook(session: Pick<JobSession, 'view' | 'onChange'>, init: OutlookInit): JobOutlook {
  const { clock, unixMs = Date.now, toleranceMs = 0 } = init
  const { view } = session
  const listeners = new Set<() => void>()
  const closed = new AbortController()
  let doubtedMs: number | undefined
  const graceMs = () => (doubtedMs === undefined ? Number.POSITIVE_INFINITY : Math.max(0, doubtedMs + GRACE_MS - clock.nowMs()))
  const standpoint = (): Standpoint => ({ unixMs: unixMs() - toleranceMs, graceOver: graceMs() === 0 })
  const leftMs = () => (view.info === undefined ? Number.POSITIVE_INFINITY : remainingMs(view.info, unixMs() - toleranceMs))
  let waiting = false

  const tell = () => {
    for (const listener of [...listeners]) listener()
  }
  const wait = async () => {
    if (waiting || !Number.isFinite(leftMs())) return
    waiting = true
    while (leftMs() > 0) await clock.sleep(Math.min(leftMs(), MAX_SLEEP_MS), { signal: closed.signal })
    // It stays `waiting`: a deadline passes once.
    tell()
  }
  const waitGrace = async () => {
    const isDoubted = failureOf(view) !== undefined && failureOf(view, false) === undefined
    if (!isDoubted || doubtedMs !== undefined) {
      if (!isDoubted) doubtedMs = undefined
      return
    }
    doubtedMs = clock.nowMs()
    await clock.sleep(GRACE_MS, { signal: closed.signal })
    tell()
  }
  const look = () => {
    waitGrace().catch(() => {})
    wait().catch(() => {})
  }
  const unfollow = session.onChange(() => {
    look()
    tell()
  })
  look()

  const onChange = (listener: () => void) => {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }
  const progress = () => progressOf(view, standpoint())
  const state = () => stateOfJob(view, standpoint())
  const isOver = () => hasEnded({ state: state() })
  return {
    progress,
    state,
    isOver,
    onChange,
    untilOver: ({ signal } = {}) => untilHolds(onChange, isOver, signal),
    close() {
      closed.abort()
      unfollow()
      listeners.clear()
    },
  }
}
