import { eventsBetween, type JobEvent, type JobSummary, summaryOf } from '../job/events.ts'
import type { JobId } from '../job/ids.ts'
import { hasEnded, type JobProgress } from '../job/progress.ts'
import type { Abortable, Blocks, Clock, PeerId, VerifySignature } from '../ports.ts'
import { type CancelledJob, cancelJob } from '../roles/cancel-job.ts'
import { failureOfJob, ReportUnverifiedError } from '../roles/errors.ts'
import { createJobOutlook, type JobOutlook } from '../roles/job-outlook.ts'
import { type JobSession, untilHolds } from '../roles/job-session.ts'
import type { JobsBoard } from '../roles/jobs-board.ts'
import type { RequesterChain } from '../roles/placing.ts'
import { collectResult } from '../roles/results.ts'
import { findReport, type VerifiedReport } from '../roles/verified-report.ts'

/** What a finished Job came to. */
export interface JobResult {
  /** The grid of the output, or all blocks one after another: what the Job's slicing says. */
  bytes: Uint8Array
  /** Where the result is a picture: RGBA rows of this size. */
  picture?: { width: number; height: number }
  /** The finalizer's report, its signature and every field checked against the records; undefined where none held. */
  report: VerifiedReport | undefined
  /** Where there is no such report: why, in one line. */
  reportProblem?: string
}

export interface JobHandleComponents {
  self: PeerId
  blocks: Blocks
  clock: Clock
  /** Unix time in milliseconds. @default the system's */
  unixMs?: (() => number) | undefined
  verify: VerifySignature
  board: JobsBoard
  chain?: RequesterChain | undefined
  session: JobSession
  /** Peers likely to have the results. */
  providers(): PeerId[]
}

/**
 * A Job that a client follows. Iterating gives what happened so far as events and then what happens, until the Job is over.
 * `await using` closes it.
 */
export interface JobHandle extends AsyncIterable<JobEvent>, AsyncDisposable {
  readonly jobId: JobId
  summary(): JobSummary
  progress(): JobProgress
  events(options?: Abortable): AsyncIterable<JobEvent>
  /**
   * Waits for the end and gives the verified result. Throws JobFailedError where the Job failed, was cancelled or has expired, ResultRefusedError, BlockNotFoundError, or
   * the signal's reason.
   */
  result(options?: Abortable & { onProgress?: (doneBytes: number, totalBytes: number) => void }): Promise<JobResult>
  /**
   * Calls the Job off; a paid one only before work on it has begun. Throws NotTheRequesterError, JobOverError, OtherChainError, NotThePayerError, NotCancellableError, and what the
   * chain throws.
   */
  cancel(): Promise<CancelledJob>
  close(): Promise<void>
}

export function createJobHandle(components: JobHandleComponents): JobHandle {
  const { session, board, chain, self, providers, clock, unixMs } = components
  // Without the peers' tolerance: the deadline was set by a requester's clock, and is the requester's own wish.
  const outlook = createJobOutlook(session, { clock, unixMs })
  const { progress } = outlook
  const close = async () => {
    outlook.close()
    await session.close()
  }

  return {
    jobId: session.jobId,
    progress,
    summary: () => summaryOf(progress()),
    events: (options = {}) => follow(session, outlook, options),
    [Symbol.asyncIterator]: () => follow(session, outlook, {})[Symbol.asyncIterator](),
    async result({ signal, onProgress } = {}) {
      await outlook.untilOver({ ...(signal && { signal }) })
      const failure = failureOfJob(progress())
      if (failure !== undefined) throw failure
      const { info, bytes } = await collectResult(components, session, {
        providers: providers(),
        ...(signal && { signal }),
        ...(onProgress && { onProgress }),
      })
      const { width, height } = info.slicing.output
      const report = await findReport(components, session, { providers: providers(), ...(signal && { signal }) }).catch(problemOf)
      return {
        bytes,
        ...(typeof report === 'string' ? { report: undefined, reportProblem: report } : { report }),
        ...(info.presentation?.kind === 'image' && { picture: { width, height } }),
      }
    },
    cancel: () => cancelJob({ self, board, chain }, session),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** The result stands without a report; anything else that goes wrong is thrown on. */
function problemOf(error: unknown): string {
  if (error instanceof ReportUnverifiedError) return error.message
  throw error
}

async function* follow({ view }: JobSession, outlook: JobOutlook, { signal }: Abortable): AsyncGenerator<JobEvent> {
  let before: JobProgress | undefined
  while (true) {
    const { version } = view
    const now = outlook.progress()
    for (const event of eventsBetween(before, now)) yield event
    before = now
    if (hasEnded(now)) return
    await untilHolds(outlook.onChange, () => view.version !== version || outlook.isOver(), signal)
  }
}
