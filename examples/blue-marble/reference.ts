import type { Picture } from './job.ts'

const BINOMIAL = [1, 4, 6, 4, 1]
const SLOPE = [-1, -2, 0, 2, 1]

/** The relief map of a whole picture, without blocks: what the Job's result must be, byte by byte. */
export function referencePicture(
  { width, height, rgba }: Picture,
  { reach, relief, detail }: { reach: number; relief: number; detail: number },
): Uint8Array {
  const levels = brightness(rgba)
  const result = new Uint8Array(rgba.length)
  const columns = Int32Array.from({ length: width + 4 * reach }, (_, i) => clamp(i - 2 * reach, 0, width - 1))
  for (let y = 0; y < height; y++) {
    const lines = [-2, -1, 0, 1, 2].map((j) => clamp(y + j * reach, 0, height - 1) * width)
    for (let x = 0; x < width; x++) {
      let east = 0
      let south = 0
      let mean = 0
      for (let j = 0; j < 5; j++) {
        for (let i = 0; i < 5; i++) {
          const level = levels[lines[j]! + columns[x + i * reach]!]!
          east += level * SLOPE[i]! * BINOMIAL[j]!
          south += level * BINOMIAL[i]! * SLOPE[j]!
          mean += level * BINOMIAL[i]! * BINOMIAL[j]!
        }
      }
      const at = y * width + x
      const level = levels[at]!
      const light = clamp(Math.floor(((east + south) * relief) / 256), -70, 90)
      const sharp = Math.floor(((level - Math.floor(mean / 256)) * detail) / 256)
      for (let c = 0; c < 3; c++) {
        const value = rgba[at * 4 + c]!
        const opened = value + Math.floor((value * (255 - value) * 3) / 1024)
        const vivid = level + Math.floor(((opened - level) * 5) / 4)
        result[at * 4 + c] = clamp(vivid + light + sharp, 0, 255)
      }
      result[at * 4 + 3] = 255
    }
  }
  return result
}

function brightness(rgba: Uint8Array): Uint8Array {
  const levels = new Uint8Array(rgba.length / 4)
  for (let i = 0; i < levels.length; i++) levels[i] = Math.floor((54 * rgba[4 * i]! + 183 * rgba[4 * i + 1]! + 19 * rgba[4 * i + 2]!) / 256)
  return levels
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most)
}
