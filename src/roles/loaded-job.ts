import { computeBlock, programOf } from '../job/block-program.ts'
import { hashOf, sha256 } from '../job/bytes.ts'
import type { JobId } from '../job/ids.ts'
import { type JobInfo, MAX_CODE_BYTES } from '../job/info.ts'
import { coveringRange, cutInput } from '../job/slice.ts'
import type { Abortable, Blocks, Cid, Clock, ComputeBlock, PeerId, Signer, WgslProgram } from '../ports.ts'
import type { JobSession } from './job-session.ts'
import { fetchPatiently } from './patient-fetch.ts'

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
  /** Those of them that promised to keep code and data. */
  holders: readonly PeerId[]
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
  { providers, holders }: Pick<LoadedJob, 'providers' | 'holders'>,
  options: Abortable = {},
): Promise<LoadedJob> {
  const fetchOptions = { ...options, providers: providers(), maxBytes: MAX_CODE_BYTES }
  const fetch = () => blocks.fetch(info.code.cid, { ...fetchOptions, owner: session.jobId })
  await fetchPatiently(fetch, { ...options, clock, holders })
  const code = new TextDecoder('utf-8', { fatal: true }).decode(await blocks.read(info.code.cid, fetchOptions))
  // Ed25519 signatures are deterministic, so this needs no disk and still nobody else can compute it.
  const secret = sha256(await signer.sign(hashOf('job-secret', new TextEncoder().encode(session.jobId))))
  return { jobId: session.jobId, info, session, program: programOf(info, code), providers, holders, secret, clock, pace: createPace() }
}

/** The inputs of the given blocks of one MicroJob, fetched in one read of the range that covers them. */
export async function fetchInputs(
  { blocks }: { blocks: Blocks },
  { info, providers, holders, clock }: LoadedJob,
  { macro, micro, only }: { macro: number; micro: number; only?: readonly number[] },
  options: Abortable = {},
): Promise<ComputeBlock[]> {
  const { slicing, data } = info
  const wanted = only ?? Array.from({ length: slicing.blocks }, (_, block) => block)
  const range = coveringRange(slicing, macro, micro, wanted)
  const read = (cid: Cid) => blocks.read(cid, { ...options, ...range, providers: providers() })
  const bytes = data === null ? new Uint8Array(0) : await fetchPatiently(() => read(data.cid), { ...options, clock, holders })
  return wanted.map((block) => {
    const index = { macro, micro, block }
    return computeBlock(info, index, cutInput(slicing, index, bytes, range.offset))
  })
}
