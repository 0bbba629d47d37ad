import { readFileSync } from 'node:fs'
import type { JobDraft } from '../../src/job/draft.ts'

export interface SearchInit {
  /** What stands before the nonce: 32 bytes of ASCII. */
  prefix: string
  macroJobs: number
  microJobs: number
  blocks: number
  /** Invocations of a block, and nonces each of them tries. A block tries at most 2^26, the Job at most 2^32. */
  invocations: number
  nonces: number
}

/** 800 blocks of 16,384 nonces: 13 million hashes. */
export const SEARCH: SearchInit = {
  prefix: 'Minga: many hands, one harvest. ',
  macroJobs: 5,
  microJobs: 10,
  blocks: 16,
  invocations: 4096,
  nonces: 4,
}

/** Words of a block's output: counts by leading zero bits, 0 to 32, and the best. */
export const BLOCK_WORDS = 34

/** The Job that searches the nonces 0, 1, 2 … behind a prefix for the hash with the most leading zero bits. */
export function searchJob(changes: Partial<SearchInit> = {}): JobDraft {
  const { prefix, macroJobs, microJobs, blocks, invocations, nonces } = { ...SEARCH, ...changes }
  const bytes = new TextEncoder().encode(prefix)
  if (bytes.length !== 32) throw new RangeError(`expected a prefix of 32 bytes, found ${bytes.length}`)
  const words = new DataView(bytes.buffer)
  return {
    name: 'SHA-256 search',
    code: readFileSync(new URL('shader.wgsl', import.meta.url), 'utf8'),
    slicing: { layout: 'sequence', macroJobs, microJobs, blocks, blockElements: BLOCK_WORDS },
    params: [...Array.from({ length: 8 }, (_, i) => words.getUint32(i * 4)), nonces],
    program: { invocations },
  }
}

export interface SearchResult {
  /** counts[z]: the nonces whose hash begins with exactly z zero bits. */
  counts: number[]
  best: { zeroBits: number; nonce: number }
  /** The zero bits of the best nonce of each block. */
  bestOfBlocks: number[]
}

/** What the Job's result says as a whole. */
export function readSearchResult(result: Uint8Array, { invocations, nonces }: Pick<SearchInit, 'invocations' | 'nonces'>): SearchResult {
  const words = new Uint32Array(result.slice().buffer)
  const counts = new Array<number>(33).fill(0)
  const bestOfBlocks: number[] = []
  let best = { zeroBits: -1, nonce: 0 }
  for (let block = 0; block * BLOCK_WORDS < words.length; block++) {
    const [...ofBlock] = words.subarray(block * BLOCK_WORDS, (block + 1) * BLOCK_WORDS)
    for (let zeros = 0; zeros <= 32; zeros++) counts[zeros]! += ofBlock[zeros]!
    const key = ofBlock[33]!
    const zeroBits = key >>> 26
    bestOfBlocks.push(zeroBits)
    if (zeroBits > best.zeroBits) best = { zeroBits, nonce: block * invocations * nonces + (0x3ffffff - (key & 0x3ffffff)) }
  }
  return { counts, best, bestOfBlocks }
}
