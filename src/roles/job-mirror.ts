import { openedResults, resultBytesOfMicroJob } from '../job/opened-results.ts'
import { maxReportBytes, reportCandidates } from '../job/report-check.ts'
import type { Logger } from '../log.ts'
import type { Blocks, Clock, PeerId } from '../ports.ts'
import type { JobOutlook } from './job-outlook.ts'
import type { JobSession } from './job-session.ts'
import { MAX_REPORTS } from './verified-report.ts'

/** What nobody gave is asked for again after this, doubled each time up to the cap, */
const RETRY_MS = 2000
const MAX_RETRY_MS = 300_000
/** and so often in all: for the better part of an hour. */
const MAX_TRIES = 14

export interface MirrorComponents {
  self: PeerId
  blocks: Blocks
  clock: Clock
  logger: Logger
  outlook: JobOutlook
}

export interface MirrorInit {
  /** The Job has ended. */
  onOver(): void
}

export interface Mirror {
  /** The Job has ended, and needs nothing more fetched but its results and its report. */
  isOver(): boolean
  /** It ended agreed: somebody may yet come for its result. */
  hasResult(): boolean
  stop(): Promise<void>
}

interface Wanted {
  cid: string
  author: PeerId
  validator?: PeerId | undefined
  maxBytes: number
}

/**
 * Fetches each result that a draw has picked, and the reports, from whoever made them, so that they outlive that peer; again and again where nobody gives them
 * yet. Nothing else that strangers write is fetched, and nothing larger than the Job's shape allows. The outlook is closed with the mirror.
 */
export function createMirror(
  { blocks, clock, logger, self, outlook }: MirrorComponents,
  session: JobSession,
  { onOver }: MirrorInit,
): Mirror {
  const { jobId, view } = session
  const stop = new AbortController()
  const done = new Set<string>()
  const failed = new Map<string, { tries: number; notBeforeMs: number }>()
  let over = false
  let finished = false
  let wake = () => {}

  const isDue = ({ cid, author }: Wanted) => {
    const { tries, notBeforeMs } = failed.get(cid) ?? { tries: 0, notBeforeMs: 0 }
    return author !== self && !done.has(cid) && tries < MAX_TRIES && notBeforeMs <= clock.nowMs()
  }
  const fetch = async ({ cid, author, validator, maxBytes }: Wanted) => {
    try {
      await blocks.fetch(cid, {
        providers: validator === undefined ? [author] : [author, validator],
        owner: jobId,
        maxBytes,
        signal: stop.signal,
      })
      done.add(cid)
    } catch (error) {
      if (stop.signal.aborted) return
      const tries = (failed.get(cid)?.tries ?? 0) + 1
      failed.set(cid, { tries, notBeforeMs: clock.nowMs() + Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** (tries - 1)) })
      logger.debug('could not mirror a result yet', { jobId, cid, tries, error })
    }
  }
  const look = () => {
    if (over === outlook.isOver()) return
    over = !over
    if (over) onOver()
  }
  const finish = async () => {
    look()
    if (!over || finished || wantedOf(session).some(({ cid, author }) => author !== self && !done.has(cid) && !failed.has(cid))) return
    finished = true
    await blocks.finish?.(jobId)
  }
  /** Until the next try, or for ever: a record wakes it. */
  const pauseMs = () => {
    const times = [...failed].filter(([cid, { tries }]) => !done.has(cid) && tries < MAX_TRIES).map(([, { notBeforeMs }]) => notBeforeMs)
    return times.length === 0 ? undefined : Math.max(0, Math.min(...times) - clock.nowMs())
  }
  const run = async () => {
    while (!stop.signal.aborted) {
      const { version } = view
      const woken = new AbortController()
      wake = () => woken.abort()
      look()
      for (const wanted of wantedOf(session)) if (isDue(wanted) && !stop.signal.aborted) await fetch(wanted)
      await finish()
      if (view.version !== version || stop.signal.aborted) continue
      await clock.sleep(pauseMs() ?? MAX_RETRY_MS, { signal: AbortSignal.any([woken.signal, stop.signal]) }).catch(() => {})
    }
  }
  outlook.onChange(() => {
    look()
    wake()
  })
  look()
  const running = run().catch((error: unknown) => logger.warn('mirroring failed', { jobId, error }))

  return {
    isOver: () => over,
    hasResult: () => over && outlook.state() === 'finished',
    async stop() {
      stop.abort()
      outlook.close()
      await running
    },
  }
}

/** The results that count, and the reports that may, once each. */
function wantedOf({ view }: JobSession): Wanted[] {
  const { info } = view
  if (info === undefined) return []
  const wanted = new Map<string, Wanted>()
  const maxBytes = resultBytesOfMicroJob(info)
  for (const { cid, author, validator } of openedResults(view, info)) wanted.set(cid, { cid, author, validator, maxBytes })
  if (view.reports.length === 0) return [...wanted.values()]
  const reports = reportCandidates(view, info).slice(0, MAX_REPORTS)
  for (const { author, record } of reports) wanted.set(record.cid, { cid: record.cid, author, maxBytes: maxReportBytes(view, info) })
  return [...wanted.values()]
}
