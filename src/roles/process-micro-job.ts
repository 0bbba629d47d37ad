import { chainHead } from '../job/beacon.ts'
import { concatBytes } from '../job/bytes.ts'
import { commitOf } from '../job/commit.ts'
import type { RecordOf } from '../job/records.ts'
import { chunkOf } from '../job/view.ts'
import type { Abortable, BlockResult, Blocks, Compute, ComputeBlock, Vault } from '../ports.ts'
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

/** What the device made of a MicroJob, and how long it took. */
export interface Computed {
  results: readonly BlockResult[]
  deviceMs: number
}

/** Runs the blocks of one MicroJob. Throws what Compute.run throws. */
export async function computeMicroJob(
  { compute }: Pick<WorkComponents, 'compute'>,
  { info, program, pace }: LoadedJob,
  inputs: readonly ComputeBlock[],
  options: Abortable = {},
): Promise<Computed> {
  const results = await compute.run(program, inputs, { ...options, budgetMs: info.limits.blockMs })
  const deviceMs = results.reduce((sum, result) => sum + result.deviceMs, 0)
  pace.measured(results.length, deviceMs)
  return { results, deviceMs }
}

/** Stores the outputs under the Job, keeps the opening, and gives the commit record to write. */
export async function storeAndCommit(
  { blocks, vault, wallet }: Omit<WorkComponents, 'compute'>,
  { jobId, info, secret }: LoadedJob,
  { macro, micro, attempt, root }: WorkSubject,
  { results }: Computed,
): Promise<RecordOf<'commit'>> {
  const cid = await blocks.put(concatBytes(...results.map(({ output }) => output)), { owner: jobId })
  const blockHashes = results.map(({ hash }) => hash)
  const salt = saltOf(secret, macro, micro, attempt)
  await keepOpening(vault, jobId, macro, micro, attempt, { blockHashes, salt, cid })
  return {
    kind: 'commit',
    macro,
    micro,
    attempt,
    commit: commitOf({ jobId, macro, micro, wallet }, { blockHashes, salt }),
    chainHead: chainHead(secret, chunkOf(info, macro)),
    root: root ?? null,
  }
}
