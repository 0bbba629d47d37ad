import type { Picture } from '../../src/pictures/decode.ts'
import { type Colour, createCanvas, embers } from '../support/canvas.ts'
import type { SearchResult } from './job.ts'

const BACKGROUND: Colour = [0.004, 0.006, 0.016]

/**
 * The result as a picture: a square for every block, the brighter the more zero bits its best hash begins with, and the best of all
 * aglow. Below, how many hashes began with 0, 1, 2 … zero bits, on a logarithmic scale: half as many with every bit.
 */
export function drawSearch({ bestOfBlocks, counts, best }: SearchResult, columns = 40): Picture {
  const cell = 22
  const margin = 40
  const rows = Math.ceil(bestOfBlocks.length / columns)
  const width = columns * cell + 2 * margin
  const chartHeight = 170
  const canvas = createCanvas(width, rows * cell + 3 * margin + chartHeight, BACKGROUND)
  const least = Math.min(...bestOfBlocks)
  for (const [block, bits] of bestOfBlocks.entries()) {
    const x = margin + (block % columns) * cell
    const y = margin + Math.floor(block / columns) * cell
    const t = (bits - least) / Math.max(1, best.zeroBits - least)
    canvas.fill(x + 1, y + 1, cell - 3, cell - 3, embers(0.12 + 0.8 * t))
    if (bits === best.zeroBits) canvas.glow(x + cell / 2 - 1, y + cell / 2 - 1, cell * 4, [1, 0.62, 0.2])
  }
  const bars = counts.slice(0, best.zeroBits + 1)
  const pitch = (columns * cell) / bars.length
  const bottom = canvas.height - margin
  for (const [bits, count] of bars.entries()) {
    const height = Math.round((Math.log2(count + 1) / Math.log2(counts[0]! + 1)) * chartHeight)
    const left = Math.round(margin + bits * pitch)
    canvas.fill(left, bottom - height, Math.round(pitch) - 4, height, embers(0.25 + (0.6 * bits) / bars.length))
  }
  return { width, height: canvas.height, rgba: canvas.toRgba() }
}
