import { readFileSync } from 'node:fs'
import type { JobDraft } from '../../src/job/draft.ts'

export interface MonteCarloInit {
  seed: number
  macroJobs: number
  microJobs: number
  blocks: number
  /** Streams of random numbers in a block, and points that each of them throws. */
  streams: number
  points: number
}

/** 800 blocks of 256 streams of 1024 points: 210 million points. */
export const MONTE_CARLO: MonteCarloInit = { seed: 20_260_101, macroJobs: 5, microJobs: 10, blocks: 16, streams: 256, points: 1024 }

/** The Job that counts how many random points of a six-dimensional cube lie in the ball. */
export function monteCarloJob(changes: Partial<MonteCarloInit> = {}): JobDraft {
  const { seed, macroJobs, microJobs, blocks, streams, points } = { ...MONTE_CARLO, ...changes }
  return {
    name: 'Monte-Carlo volume',
    code: readFileSync(new URL('shader.wgsl', import.meta.url), 'utf8'),
    slicing: { layout: 'sequence', macroJobs, microJobs, blocks, blockElements: streams },
    params: [seed, points],
  }
}

/** The volume that the Job's result estimates, in cubes of half the ball's width; π³/6 = 5.16771… is the truth. */
export function volumeOf(hits: Uint32Array, points: number): { volume: number; standardError: number } {
  const thrown = hits.length * points
  const share = hits.reduce((sum, count) => sum + count, 0) / thrown
  return { volume: 64 * share, standardError: 64 * Math.sqrt((share * (1 - share)) / thrown) }
}
