import { agreedMacroJobs } from '../job/agreement.ts'
import { equalBytes, sha256 } from '../job/bytes.ts'
import type { JobInfo } from '../job/info.ts'
import type { AgreedMicroJob } from '../job/judge.ts'
import { progressOf } from '../job/progress.ts'
import { outputBytesOf, pasteOutput, resultBytesOf } from '../job/slice.ts'
import type { Abortable, Blocks, Cid, Clock, FetchOptions, PeerId } from '../ports.ts'
import { failureOfJob, JobNotFinishedError, JobNotFoundError, ResultRefusedError } from './errors.ts'
import type { JobSession } from './job-session.ts'

/**
 * A holder takes results and reports in only after they were made known, and the peer that computed it may be gone or out of a browser's reach: what nobody
 * gives at first is asked for again after these pauses.
 */
const PAUSES_MS = [100, 200, 400, 800, 1600, 3200, 6400, 12_800]

export interface CollectComponents {
  blocks: Blocks
  clock: Clock
}

export interface CollectOptions extends Abortable {
  /** Peers to ask after the one that computed it. */
  providers?: PeerId[]
  onProgress?: (doneBytes: number, totalBytes: number) => void
}

/**
 * The agreed result of a Job, put together, each block checked against the hash that the peers agreed on. Throws JobNotFinishedError,
 * JobFailedError, ResultRefusedError, and what the blocks throw where nobody has a part of it.
 */
export async function collectResult(
  components: CollectComponents,
  session: JobSession,
  options: CollectOptions = {},
): Promise<{ info: JobInfo; bytes: Uint8Array }> {
  const { view } = session
  const { info } = view
  if (info === undefined) throw new JobNotFoundError(session.jobId)
  const agreed = agreedMacroJobs(view, info)
  if (agreed === undefined) throw endOrWait(session)
  const result = new Uint8Array(resultBytesOf(info.slicing))
  const partBytes = outputBytesOf(info.slicing) * info.slicing.blocks
  let done = 0
  for (const { macro, microJobs, validator } of agreed) {
    for (const [micro, microJob] of microJobs.entries()) {
      const { author, cid } = microJob
      const { signal, providers = [] } = options
      const part = await readEventually(components, cid, {
        ...(signal && { signal }),
        providers: [...new Set([author, validator, ...providers])],
        maxBytes: partBytes,
      })
      paste(info, macro, micro, part, microJob, result)
      done += partBytes
      options.onProgress?.(done, partBytes * info.slicing.macroJobs * info.slicing.microJobs)
    }
  }
  return { info, bytes: result }
}

function endOrWait({ jobId, view }: JobSession) {
  const progress = progressOf(view)
  const { agreed, total } = progress.microJobs
  return failureOfJob(progress) ?? new JobNotFinishedError(jobId, agreed, total)
}

/** Reads a file that is about to be taken in by a holder. Throws what Blocks.read throws, BlockNotFoundError after the last pause. */
export async function readEventually({ blocks, clock }: CollectComponents, cid: Cid, options: FetchOptions): Promise<Uint8Array> {
  for (const pauseMs of PAUSES_MS) {
    try {
      return await blocks.read(cid, options)
    } catch (error) {
      // Roles do not import adapters.
      if (!(error instanceof Error && error.name === 'BlockNotFoundError')) throw error
    }
    await clock.sleep(pauseMs, { ...(options.signal && { signal: options.signal }) })
  }
  return blocks.read(cid, options)
}

function paste(info: JobInfo, macro: number, micro: number, part: Uint8Array, { blockHashes }: AgreedMicroJob, result: Uint8Array) {
  const { slicing } = info
  const size = outputBytesOf(slicing)
  if (part.length !== size * slicing.blocks) throw new ResultRefusedError(macro, micro)
  for (let block = 0; block < slicing.blocks; block++) {
    const output = part.subarray(block * size, (block + 1) * size)
    if (!equalBytes(sha256(output), blockHashes[block] as Uint8Array)) throw new ResultRefusedError(macro, micro)
    if (slicing.output.layout === 'grid') pasteOutput(slicing, { macro, micro, block }, output, result)
    else result.set(output, ((macro * slicing.microJobs + micro) * slicing.blocks + block) * size)
  }
}
