import type { Picture } from '../../src/pictures/decode.ts'
import { createCanvas, embers } from '../support/canvas.ts'
import type { MonteCarloInit } from './job.ts'

const TRUTH = Math.PI ** 3 / 6

/**
 * The result as a picture: every block of the Job is one run that throws more and more points from left to right, its estimate
 * going up and down around the true volume. Bright is where many runs are. The axis is that of the square root, so that the beginning shows.
 */
export function drawRuns(
  hits: Uint32Array,
  { streams, points }: Pick<MonteCarloInit, 'streams' | 'points'>,
  width = 960,
  height = 420,
): Picture {
  const density = new Float64Array(width * height)
  const spread = 64 * Math.sqrt((0.0807 * 0.9193) / points)
  for (let run = 0; run * streams < hits.length; run++)
    addRun(density, hits.subarray(run * streams, (run + 1) * streams), points, spread, { width, height })
  const most = density.reduce((max, value) => Math.max(max, value), 1)
  const canvas = createCanvas(width, height, [0, 0, 0])
  for (let i = 0; i < density.length; i++)
    canvas.add(i % width, Math.floor(i / width), embers(Math.log1p(density[i]!) / Math.log1p(most * 0.7)))
  return { width, height, rgba: canvas.toRgba() }
}

function addRun(
  density: Float64Array,
  hits: Uint32Array,
  points: number,
  spread: number,
  { width, height }: { width: number; height: number },
): void {
  const sums = hits.reduce<number[]>((all, count) => all.concat((all.at(-1) ?? 0) + count), [])
  /** The estimate after `k` streams, in pixels from the top. */
  const lineAt = (k: number) => height / 2 - (((64 * sums[k]!) / ((k + 1) * points) - TRUTH) / (1.9 * spread)) * (height / 2)
  let before = lineAt(0)
  for (let x = 0; x < width; x++) {
    const at = (x / (width - 1)) ** 2 * (hits.length - 1)
    const k = Math.min(Math.floor(at), hits.length - 2)
    const y = lineAt(k) + (lineAt(k + 1) - lineAt(k)) * (at - k)
    const [top, bottom] = [Math.min(before, y), Math.max(before, y)]
    // a steep step is one line of light, not a brighter one
    const share = 1 / Math.max(1, bottom - top)
    for (let line = Math.floor(top); line <= Math.floor(bottom); line++) {
      if (line >= 0 && line < height) density[line * width + x]! += share
    }
    before = y
  }
}
