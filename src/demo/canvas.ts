import type { Picture } from '../pictures/decode.ts'
import { GLYPHS } from './glyphs.ts'

export type Rgb = readonly [red: number, green: number, blue: number]

/** A rectangle in pixels. */
export interface Box {
  x: number
  y: number
  width: number
  height: number
}

/** Pixels to draw on: opaque RGBA. */
export interface Canvas extends Picture {
  /** Mixes `color` over the pixel, `alpha` from 0 to 1; outside the picture nothing happens. */
  blend(x: number, y: number, color: Rgb, alpha: number): void
  /** A box with round corners and smooth edges. */
  box(box: Box, color: Rgb, options?: { alpha?: number; radius?: number }): void
  /** Text whose capitals are `size` pixels high, on the baseline y; gives its width in pixels. */
  text(text: string, at: { x: number; y: number }, style: { size: number; color: Rgb; weight?: number }): number
}

type Point = readonly [x: number, y: number]

/** Stroke width and gap between letters, in units of the glyphs' grid. */
const WEIGHT = 1
const GAP = 2
const SPACE = 3
/** Points that stand for one rounded corner. */
const CORNER_STEPS = 6

export function createCanvas(picture: Picture): Canvas {
  const { width, height, rgba } = picture
  const blend: Canvas['blend'] = (x, y, color, alpha) => {
    if (x < 0 || y < 0 || x >= width || y >= height || alpha <= 0) return
    const at = (y * width + x) * 4
    for (let c = 0; c < 3; c++) rgba[at + c] = Math.round(rgba[at + c]! * (1 - alpha) + color[c]! * alpha)
  }
  /** Paints where `distance` (pixels outside the shape, negative inside) says so, smoothly over one pixel. */
  const fill = (area: Box, color: Rgb, alpha: number, distance: (x: number, y: number) => number) => {
    for (let y = Math.floor(area.y); y < area.y + area.height; y++) {
      for (let x = Math.floor(area.x); x < area.x + area.width; x++) {
        blend(x, y, color, alpha * Math.min(1, Math.max(0, 0.5 - distance(x + 0.5, y + 0.5))))
      }
    }
  }
  return {
    ...picture,
    blend,
    box(box, color, { alpha = 1, radius = 0 } = {}) {
      const [middleX, middleY] = [box.x + box.width / 2, box.y + box.height / 2]
      fill(box, color, alpha, (x, y) => {
        const dx = Math.abs(x - middleX) - box.width / 2 + radius
        const dy = Math.abs(y - middleY) - box.height / 2 + radius
        return Math.hypot(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0) - radius
      })
    },
    text(text, { x, y }, { size, color, weight = WEIGHT }) {
      const unit = size / 8
      const half = (weight * unit) / 2
      let pen = x + half
      for (const letter of text) {
        const strokes = strokesOf(letter)
        const right = Math.max(0, ...strokes.flat().map(([px]) => px))
        const area = { x: pen - half - 1, y: y - size - half - 1, width: right * unit + 2 * half + 2, height: size * 1.25 + 2 * half + 3 }
        const paths = strokes.map((points) => points.map(([px, py]): Point => [pen + px * unit, y + (py - 8) * unit]))
        if (paths.length > 0) fill(area, color, 1, (px, py) => distanceTo(paths, px, py) - half)
        pen += (strokes.length === 0 ? SPACE : right + GAP) * unit
      }
      return pen - x
    },
  }
}

const known = new Map<string, Point[][]>()

/** The strokes of a letter as polylines on the grid; none for a space. A letter that the alphabet lacks shows as its capital or small form. */
function strokesOf(letter: string): Point[][] {
  const cached = known.get(letter)
  if (cached !== undefined) return cached
  const glyph = GLYPHS[letter] ?? GLYPHS[letter.toLowerCase()] ?? ''
  const strokes = glyph.split(' ').filter(Boolean).map(strokeOf)
  known.set(letter, strokes)
  return strokes
}

function strokeOf(text: string): Point[] {
  const points = [...text.slice(1).matchAll(/../g)].map(([pair]): Point => [Number.parseInt(pair[0]!, 16), Number.parseInt(pair[1]!, 16)])
  if (text[0] === '-') return points
  return text[0] === 'o' ? ring(points) : rounded(points)
}

/** Each corner becomes a curve from the middle of one side to the middle of the next. */
function ring(corners: readonly Point[]): Point[] {
  return corners.flatMap((corner, i) => {
    const curve = bend(middle(corners.at(i - 1)!, corner), corner, middle(corner, corners[(i + 1) % corners.length]!))
    return i === corners.length - 1 ? curve : curve.slice(0, -1)
  })
}

function rounded(points: readonly Point[]): Point[] {
  const inner = points.slice(1, -1)
  const curves = inner.flatMap((corner, i) => {
    const from = i === 0 ? points[0]! : middle(points[i]!, corner)
    const to = i === inner.length - 1 ? points.at(-1)! : middle(corner, points[i + 2]!)
    return bend(from, corner, to)
  })
  return curves.length === 0 ? [...points] : curves
}

const middle = ([ax, ay]: Point, [bx, by]: Point): Point => [(ax + bx) / 2, (ay + by) / 2]

/** A quadratic curve. */
function bend(from: Point, corner: Point, to: Point): Point[] {
  return Array.from({ length: CORNER_STEPS + 1 }, (_, step): Point => {
    const t = step / CORNER_STEPS
    const mix = (a: number, b: number, c: number) => a * (1 - t) ** 2 + 2 * b * t * (1 - t) + c * t * t
    return [mix(from[0], corner[0], to[0]), mix(from[1], corner[1], to[1])]
  })
}

function distanceTo(paths: readonly (readonly Point[])[], x: number, y: number): number {
  let nearest = Number.POSITIVE_INFINITY
  for (const points of paths) {
    for (const [i, from] of points.entries()) nearest = Math.min(nearest, distanceToLine(from, points[i + 1] ?? from, x, y))
  }
  return nearest
}

function distanceToLine([ax, ay]: Point, [bx, by]: Point, x: number, y: number): number {
  const [dx, dy] = [bx - ax, by - ay]
  const length = dx * dx + dy * dy
  const along = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length))
  return Math.hypot(x - ax - along * dx, y - ay - along * dy)
}
