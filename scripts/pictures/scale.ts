import type { Picture } from '../../src/pictures/decode.ts'

/** The picture in 1/`factor` of its width and height, each pixel the mean of the ones it stands for. */
export function scaleDown({ width, height, rgba }: Picture, factor: number): Picture {
  const small = { width: Math.floor(width / factor), height: Math.floor(height / factor) }
  const out = new Uint8Array(small.width * small.height * 4)
  for (let i = 0; i < out.length; i++) {
    const left = ((i >> 2) % small.width) * factor
    const top = Math.floor((i >> 2) / small.width) * factor
    let sum = 0
    for (let y = top; y < top + factor; y++) {
      for (let x = left; x < left + factor; x++) sum += rgba[(y * width + x) * 4 + (i & 3)]!
    }
    out[i] = Math.round(sum / factor ** 2)
  }
  return { ...small, rgba: out }
}

/** A rectangle of a picture. */
export function crop({ width, rgba }: Picture, left: number, top: number, size: { width: number; height: number }): Picture {
  const out = new Uint8Array(size.width * size.height * 4)
  for (let y = 0; y < size.height; y++) {
    const from = ((top + y) * width + left) * 4
    out.set(rgba.subarray(from, from + size.width * 4), y * size.width * 4)
  }
  return { ...size, rgba: out }
}
