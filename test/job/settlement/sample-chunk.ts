import { sha256, uint32 } from '../../../src/job/bytes.ts'
import { type ChunkMacroJob, type Counted, chunkRoot, type SettlementChunk } from '../../../src/job/settlement/chunk.ts'
import { drawOpenings, settlementChallenge } from '../../../src/job/settlement/draw.ts'
import { elementsOf, leafOf } from '../../../src/job/settlement/hashes.ts'
import type { Shape } from '../../../src/job/settlement/size-classes.ts'

export interface SampleInit {
  macroJobs: number
  microJobs: number
  blocks?: number
  firstMacro?: number
  /** Wallets that process, in turn; the validator is another. */
  workers?: number
  /** Indices of the MacroJobs that are not counted. */
  uncounted?: readonly number[]
  /** Indices of MacroJobs that are in no attempt any more. */
  empty?: readonly number[]
  seed?: bigint
  jobId?: bigint
  beacon?: bigint
}

/** The wallet of worker `w`; validators have others. */
export const workerWallet = (w: number) => 0xa000_0000_0000_0000_0000_0000_0000_0000_0000_0000n + BigInt(w)
export const validatorWallet = (i: number) => 0xb000_0000_0000_0000_0000_0000_0000_0000_0000_0000n + BigInt(i % 2)

/** The elements of MicroJob (i, j), from hashes and a salt that depend on nothing else. */
export function sampleElements(macro: number, micro: number, blocks: number): bigint[] {
  const bytes = (kind: number, block: number) => sha256(Uint8Array.from([kind, ...uint32(macro), ...uint32(micro), ...uint32(block)]))
  return elementsOf(
    bytes(0, 0),
    Array.from({ length: blocks }, (_, block) => bytes(1, block)),
  )
}

/** A chunk that was done honestly, the same for the same `init`. */
export function sampleChunk(shape: Shape, init: SampleInit): SettlementChunk {
  const { macroJobs, microJobs, blocks = 16, firstMacro = 0, workers = 3, uncounted = [], empty = [] } = init
  const { seed = 987_654_321n, jobId = 42n, beacon = 7n } = init
  const isEmpty = (i: number) => empty.includes(i)
  const rows: ChunkMacroJob[] = Array.from({ length: macroJobs }, (_, i) => ({
    slots: Array.from({ length: isEmpty(i) ? 0 : microJobs }, (_, j) => {
      const wallet = workerWallet((i * 31 + j * 7) % workers)
      return { wallet, leaf: leafOf(wallet, sampleElements(firstMacro + i, j, blocks)) }
    }),
  }))
  const chunk = { seed, jobId, beacon, firstMacro, microJobs, blocks, macroJobs: rows }
  const challenge = settlementChallenge(seed, chunkRoot(shape, chunk), beacon)
  const drawn = drawOpenings({ seed, challenge, firstMacro, macroJobs, microJobs, blocks })
  const counted = (i: number): Counted | undefined =>
    isEmpty(i) || uncounted.includes(i)
      ? undefined
      : { validator: validatorWallet(i), opened: sampleElements(firstMacro + i, drawn[i]!.micro, blocks) }
  return { ...chunk, macroJobs: rows.map((row, i) => ({ ...row, counted: counted(i) })) }
}
