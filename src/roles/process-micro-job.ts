import { chainHead } from '../job/beacon.ts'
import { concatBytes } from '../job/bytes.ts'
import { commitOf } from '../job/commit.ts'
import type { RecordOf } from '../job/records.ts'
import { chunkOf } from '../job/view.ts'
import type { Abortable, Blocks, Compute, ComputeBlock, Vault } from '../ports.ts'
import type { LoadedJob } from './loaded-job.ts'
import { keepOpening, saltOf } from './openings.ts'

export interface WorkComponents {
  blocks: Blocks
  compute: Compute
  vault: Vault
  wallet: string
}

export interface WorkSubject {
  macro: number
  /** N for the validation MicroJob. */
  micro: number
  attempt: number
  /** Of a validator, the root whose draw it follows. */
  root?: Uint8Array
}

/** Runs the blocks, stores their outputs under the Job, keeps the opening, and gives the commit record to write. */
export async function computeAndCommit(
  { blocks, compute, vault, wallet }: WorkComponents,
  job: LoadedJob,
  { macro, micro, attempt, root }: WorkSubject,
  inputs: readonly ComputeBlock[],
  options: Abortable & { onBlock?: () => void } = {},
): Promise<{ commit: RecordOf<'commit'>; deviceMs: number }> {
  const { jobId, info, program, secret } = job
  const results = await compute.run(program, inputs, { ...options, budgetMs: info.limits.blockMs })
  const cid = await blocks.put(concatBytes(...results.map(({ output }) => output)), { owner: jobId })
  const blockHashes = results.map(({ hash }) => hash)
  const salt = saltOf(secret, macro, micro, attempt)
  await keepOpening(vault, jobId, macro, micro, attempt, { blockHashes, salt, cid })
  const commit: RecordOf<'commit'> = {
    kind: 'commit',
    macro,
    micro,
    attempt,
    commit: commitOf({ jobId, macro, micro, wallet }, { blockHashes, salt }),
    chainHead: chainHead(secret, chunkOf(info, macro)),
    root: root ?? null,
  }
  const deviceMs = results.reduce((sum, result) => sum + result.deviceMs, 0)
  job.pace.measured(results.length, deviceMs)
  return { commit, deviceMs }
}
