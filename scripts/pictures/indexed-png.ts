import { crc32, deflateSync } from 'node:zlib'
import type { Picture } from '../../src/pictures/decode.ts'

/*
 * PNG with a palette of 256 colours: a photograph takes a third of the bytes, which is what a repository's pictures should take.
 * Pictures for the documentation only: a Job's result is never changed.
 */

type Rgb = [red: number, green: number, blue: number]

interface Shade {
  rgb: Rgb
  count: number
}

/** The opaque picture as a PNG of at most 256 colours, chosen by median cut. */
export function encodeIndexedPng({ width, height, rgba }: Picture): Uint8Array {
  const shades = histogram(rgba)
  const palette = medianCut([...shades.values()], 256)
  const nearest = new Map([...shades].map(([key, { rgb }]) => [key, nearestIndex(palette, rgb)]))
  const lines = new Uint8Array(height * (width + 1))
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) lines[y * (width + 1) + 1 + x] = nearest.get(keyAt(rgba, (y * width + x) * 4))!
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width)
  header.writeUInt32BE(height, 4)
  header.set([8, 3, 0, 0, 0], 8)
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('PLTE', Uint8Array.from(palette.flat())),
    chunk('IDAT', deflateSync(lines, { level: 9 })),
    chunk('IEND', new Uint8Array(0)),
  ])
}

/** Six bits a channel tell colours apart better than an eye does. */
function keyAt(rgba: Uint8Array, at: number): number {
  return ((rgba[at]! >> 2) << 12) | ((rgba[at + 1]! >> 2) << 6) | (rgba[at + 2]! >> 2)
}

function histogram(rgba: Uint8Array): Map<number, Shade> {
  const shades = new Map<number, Shade>()
  for (let at = 0; at < rgba.length; at += 4) {
    const key = keyAt(rgba, at)
    const shade = shades.get(key)
    if (shade) shade.count++
    else shades.set(key, { rgb: [rgba[at]!, rgba[at + 1]!, rgba[at + 2]!], count: 1 })
  }
  return shades
}

/** Splits the box with the most weighted spread until there are `colours` of them; each becomes its mean. */
function medianCut(shades: Shade[], colours: number): Rgb[] {
  const boxes = [measure(shades)]
  while (boxes.length < colours) {
    boxes.sort((a, b) => b.weight - a.weight)
    const { shades: box, axis } = boxes[0]!
    if (box.length < 2) break
    const sorted = box.toSorted((a, b) => a.rgb[axis]! - b.rgb[axis]!)
    const half = sorted.reduce((sum, { count }) => sum + count, 0) / 2
    let below = 0
    const at = sorted.findIndex(({ count }) => {
      below += count
      return below >= half
    })
    const cut = Math.min(Math.max(at, 1), sorted.length - 1)
    boxes.splice(0, 1, measure(sorted.slice(0, cut)), measure(sorted.slice(cut)))
  }
  return boxes.map(({ shades: box }) => meanOf(box))
}

function measure(shades: Shade[]) {
  const spreads = [0, 1, 2].map((axis) => {
    const values = shades.map(({ rgb }) => rgb[axis]!)
    return values.reduce((a, b) => Math.max(a, b)) - values.reduce((a, b) => Math.min(a, b))
  })
  const axis = spreads.indexOf(Math.max(...spreads))
  const count = shades.reduce((sum, shade) => sum + shade.count, 0)
  return { shades, axis, weight: shades.length < 2 ? -1 : spreads[axis]! ** 2 * Math.sqrt(count) }
}

function meanOf(shades: readonly Shade[]): Rgb {
  const count = shades.reduce((sum, shade) => sum + shade.count, 0)
  return [0, 1, 2].map((axis) => Math.round(shades.reduce((sum, shade) => sum + shade.rgb[axis]! * shade.count, 0) / count)) as Rgb
}

function nearestIndex(palette: readonly Rgb[], [r, g, b]: Rgb): number {
  let best = 0
  let least = Number.POSITIVE_INFINITY
  for (const [i, colour] of palette.entries()) {
    const distance = 2 * (colour[0] - r) ** 2 + 4 * (colour[1] - g) ** 2 + 3 * (colour[2] - b) ** 2
    if (distance < least) [best, least] = [i, distance]
  }
  return best
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'ascii'), data])
  const out = Buffer.alloc(8 + body.length)
  out.writeUInt32BE(data.length)
  body.copy(out, 4)
  out.writeUInt32BE(crc32(body), 4 + body.length)
  return out
}
