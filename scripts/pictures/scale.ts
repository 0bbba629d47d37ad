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
