import { equalBytes } from '../job/bytes.ts'
import { drawnResults, type OpenedResult, resultBytesOfMicroJob, resultKey } from '../job/opened-results.ts'
import { MIN_BYTES_PER_MS } from '../job/patience.ts'
import { outputBytesOf } from '../job/slice.ts'
import type { Abortable, Blocks, PeerId } from '../ports.ts'
import { ResultNotServedError } from './errors.ts'
import type { LoadedJob } from './loaded-job.ts'

/** Results fetched at once: enough to fill a line, few enough for the memory of a small peer. */
const AT_ONCE = 4
/** To find whoever has it and to begin; the bytes take their time besides. */
const START_MS = 10_000

export interface TakeComponents {
  self: PeerId
  blocks: Blocks
}

/** What this peer asked for, by `resultKey`: false where nobody gave it, or what came had other bytes than were committed to. */
export type Looked = Map<string, boolean>

/**
 * Brings the results of a MacroJob here, all of their blocks as committed to, and pins them under the Job: whoever judges a MacroJob has had its bytes in
 * hand, and can give them to others. `only` names one MicroJob. Throws ResultNotServedError where one is not to be had; `looked` says which.
 */
export async function takeResults(
  components: TakeComponents,
  job: LoadedJob,
  { macro, only }: { macro: number; only?: number },
  looked: Looked,
  options: Abortable,
): Promise<void> {
  const results = drawnResults(job.session.view, job.info, macro)
  const wanted = results.filter(({ author, micro }) => author !== components.self && (only === undefined || micro === only))
  const lost: OpenedResult[] = []
  const next = wanted[Symbol.iterator]()
  const worker = async () => {
    for (const result of next) {
      const isHere = await take(components, job, result, options)
      options.signal?.throwIfAborted()
      looked.set(resultKey(result), isHere)
      if (!isHere) lost.push(result)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  const [first] = lost
  if (first !== undefined) throw new ResultNotServedError(macro, first.micro, first.author)
}

/** False where nobody gives it, or not what its author committed to. */
async function take({ blocks }: TakeComponents, job: LoadedJob, result: OpenedResult, { signal }: Abortable): Promise<boolean> {
  const { info, jobId, providers } = job
  const { cid, author, blockHashes } = result
  const size = resultBytesOfMicroJob(info)
  const timeout = AbortSignal.timeout(START_MS + Math.ceil(size / MIN_BYTES_PER_MS))
  const options = { signal: signal ? AbortSignal.any([signal, timeout]) : timeout, providers: [author, ...providers()], maxBytes: size }
  try {
    const { bytes } = await blocks.fetch(cid, { ...options, owner: jobId })
    if (bytes !== size || blockHashes.length !== info.slicing.blocks) return false
    for (const [block, hash] of blockHashes.entries()) {
      const length = outputBytesOf(info.slicing)
      const output = await blocks.read(cid, { ...options, offset: block * length, length })
      // Off this thread where the platform can: a block has up to 128 MiB.
      const found = new Uint8Array(await crypto.subtle.digest('SHA-256', output as Uint8Array<ArrayBuffer>))
      if (!equalBytes(found, hash)) return false
    }
    return true
  } catch {
    return false
  }
}
