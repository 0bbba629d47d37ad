import { applyEscrowFacts, type EscrowFacts } from '../job/escrow-facts.ts'
import { applyRecord } from '../job/filing.ts'
import type { JobId } from '../job/ids.ts'
import type { JobInfo } from '../job/info.ts'
import { logQuotaOf } from '../job/log-quota.ts'
import { isPaid, type Paid } from '../job/payment.ts'
import type { JobRecord } from '../job/records.ts'
import { createJobView, type JobView, resetJobView } from '../job/view.ts'
import type { Abortable, JobLog, LogEntry, PeerId, Replica } from '../ports.ts'
import { decodeRecord } from '../protocol/records.ts'
import { JobClosedError } from './errors.ts'
import { createOwnRecords } from './own-records.ts'

/** A Job as one peer follows it: its log, and the view that folds it. */
export interface JobSession {
  readonly jobId: JobId
  /** Always the fold of all entries that the log holds here. */
  readonly view: JobView
  readonly log: JobLog
  /** Writes records of ours; resolves when they are durable here. A record that we wrote before (same key) is left as it is. */
  append(...records: JobRecord[]): Promise<void>
  /** Puts what the chain says of the Job's escrow into the view. */
  heard(facts: EscrowFacts): void
  /** Called after the view has moved; returns the way to stop. */
  onChange(listener: () => void): () => void
  /**
   * Resolves when `holds` does, which is asked at once and after each change. Rejects with the signal's reason, and with JobClosedError when the session is
   * closed.
   */
  until(holds: (view: JobView) => boolean, options?: Abortable): Promise<void>
  close(): Promise<void>
  /**
   * Closes, and takes the log off this disk unless something in it is ours: what we signed must not be signed anew. True where it is gone;
   * with other users of the session left, it only closes.
   */
  forget(): Promise<boolean>
}

export interface JobSessionComponents {
  /** Follows the escrow of a paid Job, and tells the session; returns the way to stop. Without it paid Jobs look as if nothing were drawn. */
  watchEscrow?(session: JobSession, info: Paid<JobInfo>): () => void
  replica: Replica
  self: PeerId
}

/** Opens the Job's log and folds what it holds. */
export async function openJobSession(
  { replica, self, watchEscrow }: JobSessionComponents,
  jobId: JobId,
  options: Abortable & { meetAt?: PeerId[] } = {},
): Promise<JobSession> {
  const log = await replica.open(jobId, options)
  const view = createJobView(jobId)
  const own = createOwnRecords(log)
  const listeners = new Set<() => void>()
  const tell = () => {
    for (const listener of [...listeners]) listener()
  }
  const onChange = (listener: () => void) => {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }

  const fold = (entries: Iterable<LogEntry>) => {
    for (const { author, key, value } of entries) {
      if (author === self) own.note(key)
      applyRecord(view, author, decodeRecord(jobId, author, key, value))
    }
  }
  try {
    fold(log.entries())
  } catch (error) {
    await log.close()
    throw error
  }
  const unsubscribe = log.onEntries((entries) => {
    if (entries.length === 0) {
      resetJobView(view)
      fold(log.entries())
    } else fold(entries)
    tell()
  })

  let unwatch: (() => void) | undefined
  const closed = new AbortController()
  const close = async () => {
    closed.abort(new JobClosedError(jobId))
    unsubscribe()
    unwatch?.()
    listeners.clear()
    await log.close()
  }

  const session: JobSession = {
    jobId,
    view,
    log,
    onChange,
    heard(facts) {
      if (applyEscrowFacts(view, facts)) tell()
    },
    close,
    append: (...records) => own.append(records),
    until: (holds, { signal } = {}) => untilHolds(onChange, () => holds(view), signal, closed.signal),
    async forget() {
      await close()
      if (!own.isEmpty()) return false
      await replica.remove(jobId)
      return true
    },
  }
  onceDescribed(session, (info) => {
    log.bound(logQuotaOf(info))
    if (isPaid(info)) unwatch = watchEscrow?.(session, info)
  })
  return session
}

/** Calls `learn` with the Job's description, now or when it comes. */
function onceDescribed({ view, onChange }: Pick<JobSession, 'view' | 'onChange'>, learn: (info: JobInfo) => void): void {
  const look = () => {
    if (view.info === undefined) return
    stop()
    learn(view.info)
  }
  const stop = onChange(look)
  look()
}

/** Resolves when `holds`, which is asked at once and at each change. Rejects with the reason of the first signal that is aborted. */
export function untilHolds(
  onChange: JobSession['onChange'],
  holds: () => boolean,
  ...signals: readonly (AbortSignal | undefined)[]
): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (end: () => void) => {
      stop()
      for (const signal of signals) signal?.removeEventListener('abort', abort)
      end()
    }
    const aborted = () => signals.find((signal) => signal?.aborted)
    const abort = () => finish(() => reject(aborted()?.reason))
    const stop = onChange(() => {
      if (holds()) finish(resolve)
    })
    for (const signal of signals) signal?.addEventListener('abort', abort)
    if (aborted()) abort()
    else if (holds()) finish(resolve)
  })
}
