import { computeBlock, programOf } from '../job/block-program.ts'
import { hashOf, sha256 } from '../job/bytes.ts'
import type { JobId } from '../job/ids.ts'
import { type JobInfo, MAX_CODE_BYTES } from '../job/info.ts'
import { coveringRange, cutInput, type Range } from '../job/slice.ts'
import type { Abortable, Blocks, Cid, Clock, ComputeBlock, PeerId, Signer, WgslProgram } from '../ports.ts'
import type { JobSession } from './job-session.ts'

/** The mean time of a block on this peer's device; 0 before the first. */
export interface Pace {
  measured(blocks: number, deviceMs: number): void
  blockMs(): number
}

function createPace(): Pace {
  let blocks = 0
  let totalMs = 0
  return {
    measured(count, deviceMs) {
      blocks += count
      totalMs += deviceMs
    },
    blockMs: () => (blocks === 0 ? 0 : totalMs / blocks),
  }
}

/** A Job ready to be worked on: its program fetched, its secrets derived. */
export interface LoadedJob {
  jobId: JobId
  info: JobInfo
  session: JobSession
  program: WgslProgram
  /** Peers likely to have the Job's code, data and results. */
  providers(): PeerId[]
  /** 32 bytes that only this peer can derive, and derives again after a restart. */
  secret: Uint8Array
  clock: Clock
  /** How fast this peer's device is at the Job's blocks. */
  pace: Pace
}

export interface LoadComponents {
  blocks: Blocks
  signer: Signer
  clock: Clock
}

/** Fetches the Job's program. Throws what the blocks throw where nobody has it. */
export async function loadJob(
  { blocks, signer, clock }: LoadComponents,
  session: JobSession,
  info: JobInfo,
  providers: () => PeerId[],
  options: Abortable = {},
): Promise<LoadedJob> {
  const fetchOptions = { ...options, providers: providers(), maxBytes: MAX_CODE_BYTES }
  await blocks.fetch(info.code.cid, { ...fetchOptions, owner: session.jobId })
  const code = new TextDecoder('utf-8', { fatal: true }).decode(await blocks.read(info.code.cid, fetchOptions))
  // Ed25519 signatures are deterministic, so this needs no disk and still nobody else can compute it.
  const secret = sha256(await signer.sign(hashOf('job-secret', new TextEncoder().encode(session.jobId))))
  return { jobId: session.jobId, info, session, program: programOf(info, code), providers, secret, clock, pace: createPace() }
}

/** The inputs of the given blocks of one MicroJob, fetched in one read of the range that covers them. */
export async function fetchInputs(
  { blocks }: { blocks: Blocks },
  { info, providers, clock }: LoadedJob,
  { macro, micro, only }: { macro: number; micro: number; only?: readonly number[] },
  options: Abortable = {},
): Promise<ComputeBlock[]> {
  const { slicing, data } = info
  const wanted = only ?? Array.from({ length: slicing.blocks }, (_, block) => block)
  const range = coveringRange(slicing, macro, micro, wanted)
  const bytes = data === null ? new Uint8Array(0) : await readPatiently(blocks, clock, data.cid, range, providers, options)
  return wanted.map((block) => {
    const index = { macro, micro, block }
    return computeBlock(info, index, cutInput(slicing, index, bytes, range.offset))
  })
}

/** A holder may be restarting: so many tries, so long apart, before a Job's data counts as lost. */
const READ_TRIES = 4
const READ_PAUSE_MS = 2000

async function readPatiently(
  blocks: Blocks,
  clock: Clock,
  cid: Cid,
  range: Range,
  providers: () => PeerId[],
  options: Abortable,
): Promise<Uint8Array> {
  for (let tries = 1; ; tries++) {
    try {
      return await blocks.read(cid, { ...options, ...range, providers: providers() })
    } catch (error) {
      if (options.signal?.aborted || tries === READ_TRIES) throw error
      await clock.sleep(READ_PAUSE_MS, options)
    }
  }
}
