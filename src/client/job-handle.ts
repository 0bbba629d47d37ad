import { eventsBetween, type JobEvent, type JobSummary, summaryOf } from '../job/events.ts'
import type { JobId } from '../job/ids.ts'
import { isPaid, isPaidBy } from '../job/payment.ts'
import { hasEnded, type JobProgress } from '../job/progress.ts'
import type { Abortable, Blocks, Clock, PeerId, VerifySignature } from '../ports.ts'
import { type CancelledJob, cancelJob } from '../roles/cancel-job.ts'
import { failureOfJob, JobClosedError, OtherChainError, ReportUnverifiedError } from '../roles/errors.ts'
import { createJobOutlook, type JobOutlook } from '../roles/job-outlook.ts'
import type { JobSession } from '../roles/job-session.ts'
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
  /** The finalizer's report, its signature and every field checked against the records; undefined where none held, or nobody wrote one. */
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
  /** Aborted when the client is closed, with what is then thrown. */
  closing: AbortSignal
  /** Peers likely to have the results. */
  providers(): PeerId[]
  /** Called once, when all that the handle held is let go, or could not be. */
  onClosed?(): void
}

/** `reportProblem` of a Job whose peers had all gone before one of them wrote its report (REPORT_GRACE_MS). */
const NO_REPORT = 'nobody wrote one'

/**
 * A Job that a client follows. Iterating gives what happened so far as events and then what happens, until the Job is over: a loop that ends has seen
 * `job:finished`, and one whose handle or client is closed before throws, as does whatever else waits then: JobClosedError, or ClientClosedError.
 * `await using` closes it.
 */
export interface JobHandle extends AsyncIterable<JobEvent>, AsyncDisposable {
  readonly jobId: JobId
  summary(): JobSummary
  /** Of a paid Job, see `escrow` in it: where the chain was silent, or none was given, it is `unread`, and the rest says little. */
  progress(): JobProgress
  /** Where the Job is paid by a chain that this client was not given: what is missing, which `events` and `result` throw. */
  missingChain(): OtherChainError | undefined
  events(options?: Abortable): AsyncIterable<JobEvent>
  /**
   * Waits for the end and gives the verified result. Where all is agreed, and of a paid Job paid, the report is waited for 20 s more; the result stands without.
   * Throws JobFailedError where the Job failed, was cancelled or has expired, OtherChainError where it is paid by a chain that this client was not given, ResultRefusedError, BlockNotFoundError, JobClosedError, ClientClosedError, or the
   * signal's reason.
   */
  result(options?: Abortable & { onProgress?: (doneBytes: number, totalBytes: number) => void }): Promise<JobResult>
  /**
   * Calls the Job off; a paid one only before work on it has begun. Resolves when another peer has heard it, also where it was called off before, or the escrow
   * has given the price back. Throws NotTheRequesterError, JobOverError where it ended otherwise, OtherChainError, NotThePayerError, NotCancellableError, what the chain throws, and CancelUnheardError where no peer took
   * the word within 10 s: it stands here, and calling `cancel` again tries to bring it to somebody.
   */
  cancel(options?: Abortable): Promise<CancelledJob>
  close(): Promise<void>
}

export function createJobHandle(components: JobHandleComponents): JobHandle {
  const { session, board, chain, self, providers, clock, unixMs } = components
  const { view } = session
  // Before the chain is read no deadline has passed: the Job may have been settled in time.
  const nowMs = () => (isUnread(view) ? 0 : (unixMs ?? Date.now)())
  // Without the peers' tolerance: the deadline was set by a requester's clock, and is the requester's own wish.
  const outlook = createJobOutlook(session, { clock, unixMs: nowMs, endsUnreported: true })
  const { progress } = outlook
  const closed = new AbortController()
  const ended = AbortSignal.any([components.closing, closed.signal])
  const endedOr = (signal: AbortSignal | undefined) => (signal === undefined ? ended : AbortSignal.any([signal, ended]))
  const events = ({ signal }: Abortable = {}) => follow(components, outlook, { signal: endedOr(signal) })
  const cancelling = { self, board, chain, clock, providers, unixMs: unixMs ?? Date.now }
  const cancel = ({ signal }: Abortable = {}) => cancelJob(cancelling, session, { signal: endedOr(signal) })
  const end = async () => {
    closed.abort(new JobClosedError(session.jobId))
    outlook.close()
    try {
      await session.close()
    } finally {
      components.onClosed?.()
    }
  }
  let ending: Promise<void> | undefined
  const close = async () => {
    ending ??= end()
    return ending
  }

  return {
    jobId: session.jobId,
    progress,
    missingChain: () => otherChain(components),
    summary: () => summaryOf(progress()),
    events,
    [Symbol.asyncIterator]: () => events(),
    async result({ signal: asked, onProgress } = {}) {
      const signal = endedOr(asked)
      const missing = otherChain(components)
      if (missing !== undefined) throw missing
      await outlook.untilOver({ signal })
      const failure = failureOfJob(progress())
      if (failure !== undefined) throw failure
      const { info, bytes } = await collectResult(components, session, {
        providers: providers(),
        signal,
        ...(onProgress && { onProgress }),
      })
      const { width, height } = info.slicing.output
      const isReported = progress().reportCid !== undefined
      const report = isReported ? await findReport(components, session, { providers: providers(), signal }).catch(problemOf) : NO_REPORT
      return {
        bytes,
        ...(typeof report === 'string' ? { report: undefined, reportProblem: report } : { report }),
        ...(info.presentation?.kind === 'image' && { picture: { width, height } }),
      }
    },
    cancel,
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** The result stands without a report; anything else that goes wrong is thrown on. */
function problemOf(error: unknown): string {
  if (error instanceof ReportUnverifiedError) return error.message
  throw error
}

const isUnread = ({ info, escrow }: JobSession['view']) => info !== undefined && isPaid(info) && escrow === undefined

function otherChain({ session: { view, jobId }, chain }: Pick<JobHandleComponents, 'session' | 'chain'>): OtherChainError | undefined {
  const payment = view.info?.payment
  const isKnown = payment === undefined || (chain !== undefined && isPaidBy(payment, chain))
  return isKnown ? undefined : new OtherChainError(jobId, payment, chain)
}

async function* follow(components: JobHandleComponents, outlook: JobOutlook, options: Abortable): AsyncGenerator<JobEvent> {
  const missing = otherChain(components)
  if (missing !== undefined) throw missing
  const { view } = components.session
  let before: JobProgress | undefined
  while (true) {
    const { version } = view
    const now = outlook.progress()
    for (const event of eventsBetween(before, now)) yield event
    before = now
    if (hasEnded(now)) return
    await outlook.until(() => view.version !== version || outlook.isOver(), options)
  }
}
