import { eventsBetween, type JobEvent, type JobSummary, summaryOf } from '../job/events.ts'
import type { JobId } from '../job/ids.ts'
import { type JobProgress, progressOf } from '../job/progress.ts'
import type { Abortable, Blocks, Clock, PeerId, VerifySignature } from '../ports.ts'
import { JobFailedError, ReportUnverifiedError } from '../roles/errors.ts'
import type { JobSession } from '../roles/job-session.ts'
import type { JobsBoard } from '../roles/jobs-board.ts'
import { cancelJob } from '../roles/requester.ts'
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
  verify: VerifySignature
  board: JobsBoard
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
   * Waits for the end and gives the verified result. Throws JobFailedError where the Job failed or was cancelled, ResultRefusedError, BlockNotFoundError, or
   * the signal's reason.
   */
  result(options?: Abortable & { onProgress?: (doneBytes: number, totalBytes: number) => void }): Promise<JobResult>
  /** Calls the Job off. Throws NotTheRequesterError, JobOverError. */
  cancel(): Promise<void>
  close(): Promise<void>
}

const OVER = new Set<JobProgress['state']>(['finished', 'cancelled', 'failed'])

export function createJobHandle(components: JobHandleComponents): JobHandle {
  const { session, board, self, providers } = components
  const progress = () => progressOf(session.view)
  const over = () => OVER.has(progress().state)

  return {
    jobId: session.jobId,
    progress,
    summary: () => summaryOf(progress()),
    events: (options = {}) => follow(session, options),
    [Symbol.asyncIterator]: () => follow(session, {})[Symbol.asyncIterator](),
    async result({ signal, onProgress } = {}) {
      await session.until(over, { ...(signal && { signal }) })
      const { state, failure } = progress()
      if (state === 'failed') throw new JobFailedError(session.jobId, `peers gave it up (${failure})`)
      if (state === 'cancelled') throw new JobFailedError(session.jobId, 'its requester cancelled it')
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
    cancel: () => cancelJob({ self, board }, session),
    close: () => session.close(),
    [Symbol.asyncDispose]: () => session.close(),
  }
}

/** The result stands without a report; anything else that goes wrong is thrown on. */
function problemOf(error: unknown): string {
  if (error instanceof ReportUnverifiedError) return error.message
  throw error
}

async function* follow(session: JobSession, { signal }: Abortable): AsyncGenerator<JobEvent> {
  let before: JobProgress | undefined
  let seen = -1
  while (true) {
    const version = session.view.version
    const now = progressOf(session.view)
    if (version !== seen) for (const event of eventsBetween(before, now)) yield event
    before = now
    seen = version
    if (OVER.has(now.state)) return
    await session.until((view) => view.version !== seen, { ...(signal && { signal }) })
  }
}
