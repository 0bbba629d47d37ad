import { readFileSync } from 'node:fs'
import type { JobDraft } from '../../src/job/draft.ts'

/** A picture as 8-bit RGBA. */
export interface Picture {
  width: number
  height: number
  rgba: Uint8Array
}

export interface ReliefInit {
  /** Pixels between the taps of the filter: the larger, the coarser the landscape it sees. */
  reach: number
  /** Strength of the light, in 1/256. */
  relief: number
  /** Strength of the sharpening, in 1/256. */
  detail: number
}

/** What suits the Blue Marble in its full 4096 × 2048 pixels. */
export const RELIEF: ReliefInit = { reach: 3, relief: 8, detail: 256 }

/** NASA's Blue Marble, as the npm package three-globe carries it. */
export const BLUE_MARBLE = new URL('../../node_modules/three-globe/example/img/earth-blue-marble.jpg', import.meta.url)

/** The Job that makes a relief map of any picture. `shape` says how many MacroJobs, MicroJobs and blocks it is cut into. */
export function reliefJob(
  { width, height, rgba }: Picture,
  init: Partial<ReliefInit> = {},
  shape: { macroJobs?: number; microJobs?: number; blocks?: number } = {},
): JobDraft {
  const { reach, relief, detail } = { ...RELIEF, ...init }
  return {
    name: 'Blue Marble relief',
    code: readFileSync(new URL('shader.wgsl', import.meta.url), 'utf8'),
    data: rgba,
    slicing: { width, height, overlap: 2 * reach, edge: 'clamp', ...shape },
    params: [reach, relief, detail],
  }
}
