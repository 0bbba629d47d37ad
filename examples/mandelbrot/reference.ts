import type { MandelbrotView } from './job.ts'
import { q60 } from './job.ts'

const FRACTION = 60n
const TWO = 2n << FRACTION

/** The picture of a view as RGBA bytes, computed with BigInt from the definition: what the shader must give, bit by bit. */
export function referencePicture(view: MandelbrotView): Uint8Array {
  const { width, height, samples } = view
  const picture = new Uint8Array(width * height * 4)
  const halfStep = q60(view.viewWidth) / BigInt(2 * width * samples)
  const centre = { x: q60(view.centreX), y: q60(view.centreY) }
  for (let py = 0; py < height; py++) {
    for (let px = 0; px < width; px++) {
      const sums = [0, 0, 0]
      for (let s = 0; s < samples * samples; s++) {
        const column = 2 * (px * samples + (s % samples)) + 1 - width * samples
        const row = 2 * (py * samples + Math.floor(s / samples)) + 1 - height * samples
        const time = escapeTime(centre.x + BigInt(column) * halfStep, centre.y - BigInt(row) * halfStep, view.maxIterations)
        for (const [i, value] of colourOf(time, view).entries()) sums[i]! += value
      }
      const pixel = sums.map((sum) => Math.floor((sum + Math.floor((samples * samples) / 2)) / (samples * samples)))
      picture.set([...pixel, 255], (py * width + px) * 4)
    }
  }
  return picture
}

/** Iterations until z leaves the circle of radius 2, smooth, in 2^-16 of one; 0 for a point that stays. */
function escapeTime(cx: bigint, cy: bigint, maxIterations: number): number {
  let x = 0n
  let y = 0n
  for (let i = 0; i < maxIterations; i++) {
    const [ax, ay] = [abs(x), abs(y)]
    const xx = (ax * ax) >> FRACTION
    const yy = (ay * ay) >> FRACTION
    if (ax >= TWO || ay >= TWO || xx + yy >= 2n * TWO) return smoothTime(i, x, y, cx, cy)
    const doubleProduct = (((ax + ay) * (ax + ay)) >> FRACTION) - xx - yy
    y = (x < 0n === y < 0n ? doubleProduct : -doubleProduct) + cy
    x = xx - yy + cx
  }
  return 0
}

/** Two more iterations in Q.19 and the usual n + 1 − log2(log2|z|), its logarithms cut to 16 bits. */
function smoothTime(iterations: number, x60: bigint, y60: bigint, cx: bigint, cy: bigint): number {
  const narrow = (value: bigint) => cut(value, 41n)
  const product = (a: bigint, b: bigint) => cut(a * b, 19n)
  let [x, y] = [narrow(x60), narrow(y60)]
  for (let i = 0; i < 2; i++) [x, y] = [product(x, x) - product(y, y) + narrow(cx), 2n * product(x, y) + narrow(cy)]
  const logOfZ = Math.floor((log2(x * x + y * y) - 38 * 65_536) / 2)
  return (iterations + 3) * 65_536 - (log2(BigInt(logOfZ)) - 16 * 65_536)
}

/** log2 of a whole number in 2^-16, digit by digit: squaring a mantissa doubles its logarithm. The mantissa keeps 32 bits. */
function log2(value: bigint): number {
  const top = value.toString(2).length - 1
  let mantissa = top >= 31 ? value >> BigInt(top - 31) : value << BigInt(31 - top)
  let digits = 0
  for (let i = 0; i < 16; i++) {
    const square = mantissa * mantissa
    const digit = square >> 63n
    digits = digits * 2 + Number(digit)
    mantissa = square >> (31n + digit)
  }
  return top * 65_536 + digits
}

const STOPS = [
  { at: 0, rgb: [0, 7, 100] },
  { at: 10_486, rgb: [32, 107, 203] },
  { at: 27_525, rgb: [237, 255, 255] },
  { at: 42_107, rgb: [255, 170, 0] },
  { at: 56_197, rgb: [0, 2, 0] },
  { at: 65_536, rgb: [0, 7, 100] },
]

function colourOf(time: number, { paletteIterations, paletteStart }: MandelbrotView): number[] {
  if (time === 0) return [0, 0, 0]
  const turns = Number((BigInt(time) * BigInt(Math.floor(2 ** 32 / paletteIterations))) >> 32n)
  const position = (turns + Math.floor(paletteStart * 65_536)) % 65_536
  const next = STOPS.findIndex(({ at }) => at > position)
  const [from, to] = [STOPS[next - 1]!, STOPS[next]!]
  const t = Math.floor(((position - from.at) * 256) / (to.at - from.at))
  return from.rgb.map((value, i) => Math.floor((value * (256 - t) + to.rgb[i]! * t) / 256))
}

function abs(value: bigint): bigint {
  return value < 0n ? -value : value
}

/** Drops `bits` fraction bits, toward zero. */
function cut(value: bigint, bits: bigint): bigint {
  return value < 0n ? -(-value >> bits) : value >> bits
}
