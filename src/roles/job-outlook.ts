import { remainingMs } from '../job/deadline.ts'
import { failureOf } from '../job/failure.ts'
import {
  GRACE_MS,
  hasEnded,
  type JobProgress,
  lacksPaymentForGood,
  lacksReportAlone,
  PAYMENT_GRACE_MS,
  progressOf,
  REPORT_GRACE_MS,
  type Standpoint,
  stateOfJob,
} from '../job/progress.ts'
import type { Abortable, Clock } from '../ports.ts'
import { JobClosedError } from './errors.ts'
import { type JobSession, untilHolds } from './job-session.ts'

/** A clock that is set anew is noticed after so long. */
const MAX_SLEEP_MS = 5000

export interface OutlookInit {
  clock: Clock
  /** Unix time in milliseconds. @default the system's */
  unixMs?: (() => number) | undefined
  /** How long after its deadline a Job is given up. @default 0 */
  toleranceMs?: number
  /** The Job ends without a report where none comes in time: for who only waits for it. @default false: whoever may write it, or keep it, goes on */
  endsUnreported?: boolean
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
  /** Resolves when `holds` does, which is asked at once and after each change. Rejects with the signal's reason, and with JobClosedError when this is closed. */
  until(holds: () => boolean, options?: Abortable): Promise<void>
  /** Resolves when the Job is over. Rejects as `until` does. */
  untilOver(options?: Abortable): Promise<void>
  close(): void
}

/** The session stays the caller's. */
export function createJobOutlook(session: Pick<JobSession, 'view' | 'onChange'>, init: OutlookInit): JobOutlook {
  const { clock, unixMs = Date.now, toleranceMs = 0, endsUnreported = false } = init
  const { view } = session
  const listeners = new Set<() => void>()
  const closed = new AbortController()
  const tell = () => {
    for (const listener of [...listeners]) listener()
  }
  const graceOf = (ms: number) => createGrace(clock, ms, { signal: closed.signal, onOver: tell })
  const doubt = graceOf(GRACE_MS)
  const report = graceOf(REPORT_GRACE_MS)
  const payment = graceOf(PAYMENT_GRACE_MS)
  const standpoint = (): Standpoint => ({
    unixMs: unixMs() - toleranceMs,
    graceOver: doubt.isOver(),
    reportGraceOver: report.isOver(),
    paymentGraceOver: payment.isOver(),
  })
  const leftMs = () => (view.info === undefined ? Number.POSITIVE_INFINITY : remainingMs(view.info, unixMs() - toleranceMs))
  let waiting = false

  const wait = async () => {
    if (waiting || !Number.isFinite(leftMs())) return
    waiting = true
    while (leftMs() > 0) await clock.sleep(Math.min(leftMs(), MAX_SLEEP_MS), { signal: closed.signal })
    // It stays `waiting`: a deadline passes once.
    tell()
  }
  const look = () => {
    doubt.look(failureOf(view) !== undefined && failureOf(view, false) === undefined)
    if (endsUnreported) report.look(lacksReportAlone(view))
    payment.look(lacksPaymentForGood(view))
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
  const until: JobOutlook['until'] = (holds, { signal } = {}) => untilHolds(onChange, holds, signal, closed.signal)
  return {
    progress,
    state,
    isOver,
    onChange,
    until,
    untilOver: (options) => until(isOver, options),
    close() {
      closed.abort(new JobClosedError(view.jobId))
      unfollow()
      listeners.clear()
    },
  }
}

/** A time that begins when something is first seen to stand, and anew when it has not stood in between. */
interface Grace {
  look(stands: boolean): void
  isOver(): boolean
}

function createGrace(clock: Clock, ms: number, { signal, onOver }: { signal: AbortSignal; onOver: () => void }): Grace {
  let current: { over: boolean } | undefined
  const begin = async (grace: { over: boolean }) => {
    await clock.sleep(ms, { signal })
    grace.over = true
    if (grace === current) onOver()
  }
  return {
    look(stands) {
      if (!stands) current = undefined
      else if (current === undefined) {
        current = { over: false }
        begin(current).catch(() => {})
      }
    },
    isOver: () => current?.over ?? false,
  }
}
