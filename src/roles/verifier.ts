import { equalBytes, sha256 } from '../job/bytes.ts'
import { drawOfMacro } from '../job/chunk.ts'
import { checksumOf } from '../job/commit.ts'
import { withinTolerance } from '../job/compare.ts'
import type { Duty } from '../job/duties.ts'
import { openedReveal } from '../job/openings.ts'
import type { RecordOf } from '../job/records.ts'
import { outputBytesOf } from '../job/slice.ts'
import type { Abortable, BlockResult, ComputeBlock } from '../ports.ts'
import { ResultNotServedError } from './errors.ts'
import { fetchInputs, type LoadedJob } from './loaded-job.ts'
import { findOpening, type KeptOpening } from './openings.ts'
import { computeMicroJob, storeAndCommit, type WorkComponents } from './process-micro-job.ts'

type DutyOf<Kind extends Duty['kind']> = Extract<Duty, { kind: Kind }>

/** The validation MicroJob: one drawn block of each MicroJob, computed again from the input, and committed to like any other. */
export async function validate(work: WorkComponents, job: LoadedJob, duty: DutyOf<'validate'>, options: Abortable = {}): Promise<void> {
  const { macro, attempt, challenge, samples } = duty
  const inputs = []
  for (const [micro, block] of samples.entries()) inputs.push(...(await fetchInputs(work, job, { macro, micro, only: [block] }, options)))
  const micro = job.info.slicing.microJobs
  const computed = await computeMicroJob(work, job, inputs, options)
  const commit = await storeAndCommit(work, job, { macro, micro, attempt, challenge }, computed)
  await job.session.append(commit)
}

/** Opens one of our commits. Returns false where its opening is lost: the MicroJob will be opened again for others. */
export async function reveal(work: WorkComponents, job: LoadedJob, duty: DutyOf<'reveal'>, options: Abortable = {}): Promise<boolean> {
  const { macro, micro, attempt } = duty
  const opening = await findOpening(work.vault, job.jobId, job.secret, macro, micro, attempt)
  if (opening === undefined) return false
  const judges = micro === job.info.slicing.microJobs && job.info.verification.mode === 'tolerance'
  const verdicts = judges ? await compareResults(work, job, macro, opening, options) : null
  const record: Omit<RecordOf<'reveal'>, 'checksum'> = { kind: 'reveal', macro, micro, attempt, ...opening, verdicts, wallet: work.wallet }
  await job.session.append({ ...record, checksum: checksumOf(job.jobId, record) })
  return true
}

/** Runs a disputed block and says whose result it equals. */
export async function recheck(work: WorkComponents, job: LoadedJob, duty: DutyOf<'recheck'>, options: Abortable = {}): Promise<void> {
  const { macro, attempt, dispute } = duty
  const { micro, block } = dispute
  const inputs = await fetchInputs(work, job, { macro, micro, only: [block] }, options)
  const { result, unsure } = await runTwice(work, job, inputs, options)
  if (unsure) return job.session.append({ kind: 'complaint', reason: 'answers', macro, micro })
  if (result === undefined) return
  const agrees = job.info.verification.mode === 'tolerance' ? await agreesWith(work, job, duty, result.output, options) : 'neither'
  await job.session.append({ kind: 'recheck', macro, micro, attempt, block, hash: result.hash, agrees })
}

/** Whose result lies within the tolerance: only there it is asked for, elsewhere the hashes tell. Throws ResultNotServedError where one is not to be had: that is no verdict. */
async function agreesWith(
  work: WorkComponents,
  job: LoadedJob,
  duty: DutyOf<'recheck'>,
  output: Uint8Array,
  options: Abortable,
): Promise<RecordOf<'recheck'>['agrees']> {
  const { macro, dispute } = duty
  const theirs = await disputedOutputs(work, job, duty, options)
  if (theirs.processor === undefined) throw new ResultNotServedError(macro, dispute.micro, dispute.processor)
  if (theirs.validator === undefined) throw new ResultNotServedError(macro, job.info.slicing.microJobs, dispute.validator)
  const [processor, validator] = [sameResult(job, output, theirs.processor), sameResult(job, output, theirs.validator)]
  return processor ? (validator ? 'both' : 'processor') : validator ? 'validator' : 'neither'
}

/** Into so many dispatches the second run of a disputed block is cut: a prime, so that no likely width of a grid divides it. */
const OTHER_DISPATCHES = 7

/**
 * Runs one block. Where results are compared bit by bit, it runs it twice, cut into dispatches in two ways: whoever speaks against another must know that there is one
 * answer. `unsure` where there are two.
 */
async function runTwice(
  { compute }: WorkComponents,
  { info, program }: LoadedJob,
  inputs: readonly ComputeBlock[],
  options: Abortable,
): Promise<{ result: BlockResult | undefined; unsure: boolean }> {
  const budgetMs = info.limits.blockMs
  const [result] = await compute.run(program, inputs, { ...options, budgetMs })
  if (result === undefined || info.verification.mode === 'tolerance') return { result, unsure: false }
  // more dispatches cost more, and that is no fault of the Job's
  const [again] = await compute.run(program, inputs, { ...options, budgetMs: 2 * budgetMs, leastDispatches: OTHER_DISPATCHES })
  return { result, unsure: again !== undefined && !equalBytes(again.hash, result.hash) }
}

/** For each MicroJob, whether the processor's drawn block lies within the Job's tolerance of ours. */
async function compareResults(
  work: WorkComponents,
  job: LoadedJob,
  macro: number,
  { cid }: KeptOpening,
  options: Abortable,
): Promise<boolean[]> {
  const verdicts: boolean[] = []
  for (const [micro, { block, author, attempt }] of drawOfMacro(job.session.view, job.info, macro).entries()) {
    const mine = await readBlock(work, job, cid, micro, undefined, options)
    const theirs = openedReveal(job.session.view, macro, micro, author, attempt)
    const output = theirs && (await readBlock(work, job, theirs.cid, block, theirs.blockHashes[block], options))
    verdicts.push(output !== undefined && mine !== undefined && sameResult(job, output, mine))
  }
  return verdicts
}

async function disputedOutputs(work: WorkComponents, job: LoadedJob, { macro, attempt, dispute }: DutyOf<'recheck'>, options: Abortable) {
  const { micro, block, processor, validator } = dispute
  const { view } = job.session
  const at = drawOfMacro(view, job.info, macro)[micro]?.attempt ?? attempt
  const processed = openedReveal(view, macro, micro, processor, at)
  const validated = openedReveal(view, macro, job.info.slicing.microJobs, validator, attempt)
  return {
    processor: processed && (await readBlock(work, job, processed.cid, block, processed.blockHashes[block], options)),
    validator: validated && (await readBlock(work, job, validated.cid, micro, validated.blockHashes[micro], options)),
  }
}

/** One block of a result file; undefined where nobody gives it, or it is not the one that was committed to. */
async function readBlock(
  { blocks }: WorkComponents,
  { info, providers }: LoadedJob,
  cid: string,
  at: number,
  hash: Uint8Array | undefined,
  options: Abortable,
): Promise<Uint8Array | undefined> {
  const length = outputBytesOf(info.slicing)
  try {
    const output = await blocks.read(cid, { ...options, offset: at * length, length, providers: providers() })
    return hash === undefined || equalBytes(sha256(output), hash) ? output : undefined
  } catch (error) {
    if (options.signal?.aborted) throw error
    return undefined
  }
}

function sameResult({ info }: LoadedJob, a: Uint8Array, b: Uint8Array): boolean {
  return info.verification.mode === 'tolerance' ? withinTolerance(a, b, info.verification) : equalBytes(a, b)
}
