import type { JobInfo } from '../job/info.ts'
import { reportCandidates } from '../job/report-check.ts'
import type { Logger } from '../log.ts'
import type { PeerId } from '../ports.ts'
import type { JobSession } from './job-session.ts'
import { checkReport, MAX_REPORTS, type ReportComponents } from './verified-report.ts'

/** A report's file may still be on its way, and records that it tells of may be; what fails so often is no report. */
const MAX_TRIES = 3
/** Of all reports together: peers that join to publish false ones cost no more. Whoever has used them up writes a report of its own. */
const MAX_CHECKS = 32
/** For the file of one report; a finalizer whose turn comes next waits no longer. */
const CHECK_TIMEOUT_MS = 30_000

export interface ReportWatchComponents extends ReportComponents {
  self: PeerId
  logger: Logger
}

export interface ReportWatchInit {
  /** Peers that may have a report's file, beside its author. */
  providers(): PeerId[]
  /** A report was found to hold. */
  onFound(): void
}

/**
 * Whether the Job has a report that this peer wrote or verified itself: a record alone proves nothing, and a finalizer that believed it would leave the
 * Job without one. Strangers' reports are looked into as a client does it: eight at most, in the order of the finalizers' turns, each bounded.
 */
export interface ReportWatch {
  holds(): boolean
  stop(): Promise<void>
}

export function createReportWatch(
  { self, logger, ...components }: ReportWatchComponents,
  { jobId, view, onChange }: Pick<JobSession, 'jobId' | 'view' | 'onChange'>,
  info: JobInfo,
  { providers, onFound }: ReportWatchInit,
): ReportWatch {
  const stopped = new AbortController()
  const verified = new Set<string>()
  const tries = new Map<string, number>()
  const running = new Map<string, Promise<void>>()
  let checks = 0
  let known = { version: -1, candidates: reportCandidates(view, info) }

  const candidates = () => {
    if (known.version !== view.version) known = { version: view.version, candidates: reportCandidates(view, info) }
    return known.candidates
  }
  const keyOf = ({ author, record }: (typeof known.candidates)[number]) => `${author}/${record.cid}`
  const holds = () => view.reports.length > 0 && candidates().some((report) => report.author === self || verified.has(keyOf(report)))
  const look = () => {
    if (stopped.signal.aborted || view.reports.length === 0 || holds()) return
    for (const report of candidates().slice(0, MAX_REPORTS)) {
      const key = keyOf(report)
      const tried = tries.get(key) ?? 0
      if (running.has(key) || tried >= MAX_TRIES || checks >= MAX_CHECKS) continue
      checks++
      tries.set(key, tried + 1)
      running.set(key, check(key, report.author, report.record.cid))
    }
  }
  const check = async (key: string, author: PeerId, cid: string) => {
    const { version } = view
    const signal = AbortSignal.any([stopped.signal, AbortSignal.timeout(CHECK_TIMEOUT_MS)])
    try {
      await checkReport(components, view, info, { author, cid, providers: providers() }, signal)
      verified.add(key)
      onFound()
    } catch (error) {
      if (!stopped.signal.aborted) logger.debug('a published report does not hold', { jobId, author, cid, error })
    } finally {
      running.delete(key)
      // What came meanwhile may be what it told of.
      if (view.version !== version) look()
    }
  }
  const unfollow = onChange(look)
  look()

  return {
    holds,
    async stop() {
      stopped.abort()
      unfollow()
      await Promise.all(running.values())
    },
  }
}
