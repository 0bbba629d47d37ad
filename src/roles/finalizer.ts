import { bytesToHex, utf8ToBytes } from '../job/bytes.ts'
import type { Duty } from '../job/duties.ts'
import { type ReportTimings, reportOf } from '../job/report.ts'
import type { Blocks, Signer } from '../ports.ts'
import type { JobsBoard } from './jobs-board.ts'
import type { LoadedJob } from './loaded-job.ts'

export interface FinalizerComponents {
  blocks: Blocks
  signer: Signer
  board: JobsBoard
}

/**
 * Writes the signed report of an agreed Job, stores it, and tells the network (seeds/001 "Job Finalization" 3). A second finalizer of one Job
 * does no harm: both reports carry the same outcome. A paid Job's escrow has paid before that (escrow-worker.ts).
 */
export async function finalize(
  { blocks, signer, board }: FinalizerComponents,
  { jobId, info, session }: LoadedJob,
  duty: Extract<Duty, { kind: 'finalize' }>,
  timings: ReportTimings,
): Promise<void> {
  const report = reportOf(session.view, info, signer.peer, timings)
  if (report === undefined) return
  const body = JSON.stringify(report)
  const signature = bytesToHex(await signer.sign(utf8ToBytes(body)))
  const signed = { report, signer: signer.peer, signature }
  const cid = await blocks.put(utf8ToBytes(`${JSON.stringify(signed)}\n`), { owner: jobId })
  await session.append({ kind: 'report', cid, outcome: duty.outcome })
  await board.finished(jobId, cid)
}
