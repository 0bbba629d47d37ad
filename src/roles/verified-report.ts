import { hexToBytes, utf8ToBytes } from '../job/bytes.ts'
import type { JobInfo } from '../job/info.ts'
import type { JobReport } from '../job/report.ts'
import { maxReportBytes, readSignedReport, reportCandidates, reportProblem } from '../job/report-check.ts'
import type { Abortable, Blocks, Cid, Clock, PeerId, VerifySignature } from '../ports.ts'
import { publicKeyFromPeerId } from '../protocol/peer-id.ts'
import { JobNotFoundError, ReportUnverifiedError } from './errors.ts'
import type { JobSession } from './job-session.ts'
import { readEventually } from './results.ts'

export interface VerifiedReport {
  cid: Cid
  report: JobReport
  /** The file as its finalizer stored it, signature and all. */
  bytes: Uint8Array
}

export interface ReportComponents {
  blocks: Blocks
  clock: Clock
  verify: VerifySignature
}

/** Reports looked into: each costs a fetch, and who floods a Job with false ones must not cost more. */
export const MAX_REPORTS = 8
/** Fetching takes 25 s at most (results.ts) where nobody has the file. */
const TOTAL_MS = 30_000
/** A false report may come before the true one: two turns of finalizers that find it false (job/patience.ts), and the way of their records. */
const PATIENCE_MS = 15_000

/**
 * The first of the Job's published reports that its author signed and whose every field is what the records here say. Throws ReportUnverifiedError where
 * none is, and the signal's reason.
 */
export async function findReport(
  components: ReportComponents,
  session: Pick<JobSession, 'jobId' | 'view' | 'until'>,
  { providers, signal }: Abortable & { providers: PeerId[] },
): Promise<VerifiedReport> {
  const { view, jobId } = session
  const { info } = view
  if (info === undefined) throw new JobNotFoundError(jobId)
  const timeout = AbortSignal.timeout(TOTAL_MS)
  const stopping = new AbortController()
  const limited = AbortSignal.any([timeout, stopping.signal, ...(signal ? [signal] : [])])
  const patient = AbortSignal.any([AbortSignal.timeout(PATIENCE_MS), limited])
  let problems: string[] = []
  while (true) {
    const { version } = view
    const candidates = reportCandidates(view, info).slice(0, MAX_REPORTS)
    // All at once: one whose file nobody has must not delay the next.
    const checks = candidates.map(({ author, record: { cid } }) => checkReport(components, view, info, { author, cid, providers }, limited))
    try {
      const found = await Promise.any(checks)
      stopping.abort()
      return found
    } catch (error) {
      signal?.throwIfAborted()
      problems = ((error as AggregateError).errors as Error[]).map(({ message }) => message)
    }
    const moved = await session
      .until((now) => now.version !== version, { signal: patient })
      .then(
        () => true,
        () => false,
      )
    signal?.throwIfAborted()
    if (!moved) throw new ReportUnverifiedError(jobId, problems)
  }
}

/** One published report. Throws with the reason as message; whoever asks has its own words for them all together. */
export async function checkReport(
  { verify, ...components }: ReportComponents,
  view: JobSession['view'],
  info: JobInfo,
  { author, cid, providers }: { author: PeerId; cid: Cid; providers: PeerId[] },
  signal: AbortSignal,
): Promise<VerifiedReport> {
  const options = { signal, providers: [author, ...providers], maxBytes: maxReportBytes(view, info) }
  const bytes = await readEventually(components, cid, options).catch(() => refuse('its file could not be fetched'))
  const signed = readSignedReport(bytes) ?? refuse('its file is no report')
  const problem = reportProblem(view, info, author, signed)
  if (problem !== undefined) refuse(problem)
  const { report, signature } = signed
  const holds = await verify(publicKeyFromPeerId(author), utf8ToBytes(JSON.stringify(report)), hexToBytes(signature))
  return holds ? { cid, report, bytes } : refuse('its signature does not fit')
}

function refuse(problem: string): never {
  throw new Error(problem)
}
