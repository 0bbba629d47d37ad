/** A linear RGB picture to draw on; `toRgba` makes it a picture for the screen. */
export interface Canvas {
  readonly width: number
  readonly height: number
  /** Adds light to one pixel; what lies outside is left out. */
  add(x: number, y: number, colour: Colour, strength?: number): void
  /** Fills a rectangle of whole pixels. */
  fill(x: number, y: number, width: number, height: number, colour: Colour): void
  /** Adds a round glow that fades to nothing at `radius`. */
  glow(x: number, y: number, radius: number, colour: Colour): void
  toRgba(): Uint8Array
}

/** Linear light, 1 is full. */
export type Colour = readonly [red: number, green: number, blue: number]

export function createCanvas(width: number, height: number, background: Colour): Canvas {
  const light = new Float64Array(width * height * 3)
  for (let i = 0; i < light.length; i++) light[i] = background[i % 3]!

  function add(x: number, y: number, colour: Colour, strength = 1): void {
    if (x < 0 || y < 0 || x >= width || y >= height) return
    for (let c = 0; c < 3; c++) light[(y * width + x) * 3 + c]! += colour[c]! * strength
  }

  function fill(left: number, top: number, w: number, h: number, colour: Colour): void {
    for (let y = Math.max(top, 0); y < Math.min(top + h, height); y++) {
      for (let x = Math.max(left, 0); x < Math.min(left + w, width); x++) light.set(colour, (y * width + x) * 3)
    }
  }

  function glow(cx: number, cy: number, radius: number, colour: Colour): void {
    for (let y = Math.floor(cy - radius); y <= cy + radius; y++) {
      for (let x = Math.floor(cx - radius); x <= cx + radius; x++) {
        const fade = Math.max(0, 1 - Math.hypot(x - cx, y - cy) / radius)
        add(x, y, colour, fade ** 3)
      }
    }
  }

  function toRgba(): Uint8Array {
    return Uint8Array.from({ length: width * height * 4 }, (_, i) => {
      if (i % 4 === 3) return 255
      const value = Math.min(1, light[(i >> 2) * 3 + (i % 4)]!)
      return Math.round(255 * value ** (1 / 2.2))
    })
  }

  return { width, height, add, fill, glow, toRgba }
}

const EMBERS: readonly Colour[] = [
  [0.002, 0.003, 0.012],
  [0.04, 0.008, 0.13],
  [0.28, 0.016, 0.16],
  [0.78, 0.07, 0.05],
  [0.98, 0.36, 0.02],
  [1, 0.86, 0.36],
  [1, 1, 0.92],
]

/** From black over violet, red and orange to white, for t from 0 to 1. */
export function embers(t: number): Colour {
  const at = Math.min(Math.max(t, 0), 1) * (EMBERS.length - 1)
  const from = Math.min(Math.floor(at), EMBERS.length - 2)
  const share = at - from
  const [a, b] = [EMBERS[from]!, EMBERS[from + 1]!]
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share]
}
