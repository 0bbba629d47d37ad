import { PNG } from 'pngjs'
import type { Picture } from './decode.ts'

/** The picture as a PNG file; without an alpha channel where all pixels are opaque, which makes it a quarter smaller. */
export function encodePng({ width, height, rgba }: Picture): Uint8Array {
  const png = new PNG({ width, height })
  png.data.set(rgba)
  const opaque = isOpaque(rgba)
  const bytes = PNG.sync.write(png, { colorType: opaque ? 2 : 6, inputColorType: 6, inputHasAlpha: true })
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function isOpaque(rgba: Uint8Array): boolean {
  for (let i = 3; i < rgba.length; i += 4) {
    if (rgba[i] !== 255) return false
  }
  return true
}
