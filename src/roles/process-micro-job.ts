import { chainHead } from '../job/beacon.ts'
import { bytesToBigInt, concatBytes } from '../job/bytes.ts'
import { commitFor } from '../job/commit.ts'
import type { JobInfo } from '../job/info.ts'
import { escrowIdOf, isPaid } from '../job/payment.ts'
import type { RecordOf } from '../job/records.ts'
import { leafCommitHash, signStatement } from '../job/settlement/statements.ts'
import { chunkOf } from '../job/view.ts'
import type { Abortable, BlockResult, Blocks, Compute, ComputeBlock, Vault } from '../ports.ts'
import type { LoadedJob } from './loaded-job.ts'
import { keepOpening, saltOf } from './openings.ts'

export interface WorkComponents {
  blocks: Blocks
  compute: Compute
  vault: Vault
  wallet: string
  /** The wallet's 32-byte secret: it signs what an escrow may see. */
  walletKey: Uint8Array
}

export interface WorkSubject {
  macro: number
  /** N for the validation MicroJob. */
  micro: number
  attempt: number
  /** Of a validator, the challenge of the draw that it follows. */
  challenge?: Uint8Array
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
  { blocks, vault, wallet, walletKey }: Omit<WorkComponents, 'compute'>,
  { jobId, info, secret }: LoadedJob,
  { macro, micro, attempt, challenge }: WorkSubject,
  { results }: Computed,
): Promise<RecordOf<'commit'>> {
  const cid = await blocks.put(concatBytes(...results.map(({ output }) => output)), { owner: jobId })
  const blockHashes = results.map(({ hash }) => hash)
  const salt = saltOf(secret, macro, micro, attempt)
  await keepOpening(vault, jobId, macro, micro, attempt, { blockHashes, salt, cid })
  const commit = commitFor(info, { jobId, macro, micro, wallet }, { blockHashes, salt })
  return {
    kind: 'commit',
    macro,
    micro,
    attempt,
    commit,
    chainHead: chainHead(secret, chunkOf(info, macro)),
    challenge: challenge ?? null,
    ...(isPaid(info) && { signature: signLeaf(walletKey, info, jobId, { macro, micro, attempt }, commit) }),
  }
}

/** A wrong result is an offence only where the wallet has signed it. */
function signLeaf(
  walletKey: Uint8Array,
  info: Parameters<typeof escrowIdOf>[0] & JobInfo,
  jobId: string,
  at: Pick<WorkSubject, 'macro' | 'micro' | 'attempt'>,
  commit: Uint8Array,
): Uint8Array {
  const leaf = bytesToBigInt(commit)
  return signStatement(walletKey, info.payment, leafCommitHash({ jobId: escrowIdOf(info, jobId), ...at, leaf }))
}
