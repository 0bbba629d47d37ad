import type { JobHandle, JobReport, MingaClient } from '../../../src/index.ts'

/** A Job of the tests takes seconds; the rest is for a machine that is busy with other things. */
const LIMIT_MS = 120_000

/** Resolves as soon as so many of the Job's MicroJobs are computed. */
export async function untilProcessed(handle: JobHandle, count: number): Promise<void> {
  for await (const _ of handle.events({ signal: AbortSignal.timeout(LIMIT_MS) })) {
    if (handle.progress().microJobs.processed >= count) return
  }
}

/** The result and the report of a Job, once it is over. Rejects where it failed, or takes too long. */
export async function finish(_client: MingaClient, handle: JobHandle): Promise<{ bytes: Uint8Array; report: JobReport }> {
  const { bytes, report, reportProblem } = await handle.result({ signal: AbortSignal.timeout(LIMIT_MS) })
  if (report === undefined) throw new Error(reportProblem)
  return { bytes, report: report.report }
}
