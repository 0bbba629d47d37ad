import { agreedMacroJobs, finalizerRank, outcomeOf } from './agreement.ts'
import { equalBytes } from './bytes.ts'
import type { JobInfo } from './info.ts'
import type { PeerTally } from './progress.ts'
import type { RecordOf } from './records.ts'
import { type JobReport, type ReportTimings, reportOf } from './report.ts'
import type { Authored, JobView } from './view.ts'

/** A report as its finalizer stores it: `signature` (hexadecimal) is over the JSON of `report`. */
export interface SignedReport {
  report: JobReport
  signer: string
  signature: string
}

/** Timings, its finalizer and its signature are all that a report says beyond what the records say. */
const SPARE_BYTES = 4096

/**
 * The published reports that claim the outcome which the records say, in the order in which finalizers have their turns: who computed comes first, so that
 * many idle peers cannot push an honest report out of sight.
 */
export function reportCandidates(view: JobView, info: JobInfo): Authored<RecordOf<'report'>>[] {
  const agreed = agreedMacroJobs(view, info)
  if (agreed === undefined) return []
  const outcome = outcomeOf(view.jobId, agreed)
  const workers = new Set(agreed.flatMap(({ validator, microJobs }) => [validator, ...microJobs.map(({ author }) => author)]))
  const turn = ({ author }: { author: string }) => `${workers.has(author) ? 0 : 1}${finalizerRank(view.jobId, author)}`
  return view.reports
    .filter(({ author, record }) => view.peers.has(author) && equalBytes(record.outcome, outcome))
    .sort((a, b) => (turn(a) < turn(b) ? -1 : 1))
}

/** The most bytes that an honest report can have as its file; 0 before all is agreed. */
export function maxReportBytes(view: JobView, info: JobInfo): number {
  const report = reportOf(view, info, '', { processingMs: 0, verificationMs: 0, totalMs: 0 })
  return report === undefined ? 0 : new TextEncoder().encode(JSON.stringify(report)).length + SPARE_BYTES
}

/** The form of a signed report alone; undefined where `bytes` have another. */
export function readSignedReport(bytes: Uint8Array): SignedReport | undefined {
  try {
    const signed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Partial<SignedReport> | null
    const { report, signer, signature } = signed ?? {}
    if (typeof report !== 'object' || report === null || typeof signer !== 'string') return undefined
    if (typeof signature !== 'string' || !/^[0-9a-f]{128}$/.test(signature)) return undefined
    return { report, signer, signature }
  } catch {
    return undefined
  }
}

/**
 * Why the report that `author` published is not to be believed; undefined where every field is what the records give. `timings` are its author's own word.
 * The signature is the caller's to verify.
 */
export function reportProblem(view: JobView, info: JobInfo, author: string, { report, signer }: SignedReport): string | undefined {
  if (!view.peers.has(author)) return 'its author never joined the Job'
  if (signer !== author || report.finalizer !== author) return 'it is signed by another peer than the one that published it'
  if (!areTimings(report.timings)) return 'its timings are no durations'
  const expected = reportOf(view, info, author, report.timings)
  if (expected === undefined) return 'the Job is not agreed'
  const { peers, ...facts } = expected
  const { peers: told, ...claims } = report
  if (!arePeersTold(peers, told)) return 'its peers are not those of the records'
  const names = new Set([...Object.keys(facts), ...Object.keys(claims)]) as Set<keyof typeof facts>
  for (const name of names) if (!same(facts[name], claims[name])) return `its ${name} are not those of the records`
  return undefined
}

/** A peer that joined after the report was written, and did nothing, may be missing from it. */
function arePeersTold(peers: readonly PeerTally[], told: unknown): boolean {
  if (!Array.isArray(told)) return false
  const known = new Map(peers.map((tally) => [tally.peer, tally]))
  const names = new Set<unknown>(told.map((tally: Partial<PeerTally> | null) => tally?.peer))
  if (names.size !== told.length || told.some((tally: PeerTally | null) => !same(known.get(tally?.peer ?? ''), tally))) return false
  return peers.every(({ peer, processed, validated, culprit }) => names.has(peer) || (processed === 0 && validated === 0 && !culprit))
}

function areTimings(timings: unknown): timings is ReportTimings {
  if (typeof timings !== 'object' || timings === null) return false
  const { processingMs, verificationMs, totalMs, ...rest } = timings as ReportTimings
  return Object.keys(rest).length === 0 && [processingMs, verificationMs, totalMs].every((ms) => Number.isFinite(ms) && ms >= 0)
}

/** As JSON: the order of fields is that of the one function that makes reports. */
const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)
