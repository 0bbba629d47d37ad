import { tileOf } from '../job/slice.ts'
import type { Slicing } from '../job/slicing.ts'
import type { Picture } from '../pictures/decode.ts'
import { type Box, type Canvas, createCanvas, type Rgb } from './canvas.ts'
import type { MicroJobIndex } from './facts.ts'

export interface MapPeer {
  name: string
  /** Its share in a few words: "20 computed · 3 validated". */
  note: string
}

export interface MapInit {
  /** The result of the Job. */
  picture: Picture
  slicing: Slicing
  title: string
  subtitle: string
  peers: readonly MapPeer[]
  /** By MacroJob: which of `peers` computed each MicroJob, and which one validated. */
  macroJobs: readonly { computedBy: readonly number[]; validatedBy: number }[]
  /** MicroJobs that one of `peers` had computed and that had to be computed again. */
  lost: { peer: number; microJobs: readonly MicroJobIndex[] } | null
}

/** Wide enough for a screen; the result itself lies beside the map in full. */
const MAX_WIDTH = 2048
/** Light enough to show the picture's shade, and none of them the sea's. */
const COLORS: readonly Rgb[] = [
  [255, 184, 50],
  [255, 92, 138],
  [60, 214, 190],
  [158, 136, 255],
  [190, 230, 70],
  [255, 126, 64],
  [96, 186, 255],
  [205, 205, 210],
]
const NIGHT: Rgb = [11, 16, 30]
const WHITE: Rgb = [255, 255, 255]
const GREY: Rgb = [158, 170, 194]

const colorOf = (peer: number): Rgb => COLORS[peer % COLORS.length]!

/** The result in the colours of those who computed it, MicroJob by MicroJob, above a legend. */
export function drawMap(init: MapInit): Picture {
  const { picture, slicing } = init
  const factor = Math.max(1, Math.ceil(picture.width / MAX_WIDTH))
  const small = shrink(picture, factor)
  // All sizes below are for a map of 2,048 pixels.
  const unit = small.width / MAX_WIDTH
  const legend = Math.round(176 * unit)
  const canvas = createCanvas(framed(small, legend))
  const boxOf = (index: MicroJobIndex) => microJobBox(slicing, index, small, factor)
  for (const [macro, { computedBy }] of init.macroJobs.entries()) {
    for (const [micro, peer] of computedBy.entries()) tint(canvas, boxOf({ macro, micro }), colorOf(peer))
  }
  drawBorders(canvas, small, slicing, factor, unit)
  for (const index of init.lost?.microJobs ?? []) drawCorner(canvas, boxOf(index), colorOf(init.lost!.peer), unit)
  for (const [macro, { validatedBy }] of init.macroJobs.entries()) {
    drawPlate(
      canvas,
      boxOf({ macro, micro: 0 }),
      `MacroJob ${macro} · validated by ${init.peers[validatedBy]?.name ?? '?'}`,
      validatedBy,
      unit,
    )
  }
  drawLegend(canvas, init, { x: 0, y: small.height, width: small.width, height: legend }, unit)
  return { width: canvas.width, height: canvas.height, rgba: canvas.rgba }
}

/** Each pixel the mean of factor × factor. */
function shrink({ width, height, rgba }: Picture, factor: number): Picture {
  const small = { width: Math.floor(width / factor), height: Math.floor(height / factor) }
  const result = new Uint8Array(small.width * small.height * 4)
  for (let y = 0; y < small.height; y++) {
    for (let x = 0; x < small.width; x++) {
      for (let c = 0; c < 4; c++) {
        let sum = 0
        for (let j = 0; j < factor; j++) for (let i = 0; i < factor; i++) sum += rgba[((y * factor + j) * width + x * factor + i) * 4 + c]!
        result[(y * small.width + x) * 4 + c] = Math.round(sum / (factor * factor))
      }
    }
  }
  return { ...small, rgba: result }
}

/** The picture with `below` empty lines under it. */
function framed({ width, height, rgba }: Picture, below: number): Picture {
  const result = new Uint8Array(width * (height + below) * 4).fill(255)
  result.set(rgba)
  for (let at = rgba.length; at < result.length; at += 4) result.set(NIGHT, at)
  return { width, height: height + below, rgba: result }
}

/** Where a MicroJob lies on the map. */
function microJobBox(slicing: Slicing, index: MicroJobIndex, { width, height }: Picture, factor: number): Box {
  const { step } = slicing.output
  const { column, row } = tileOf(slicing, { ...index, block: 0 })
  const x = Math.round((column * step.x) / factor)
  const y = Math.round((row * step.y) / factor)
  const right = Math.round(((column + slicing.blocksPerRow) * step.x) / factor)
  const bottom = Math.round(((row + Math.ceil(slicing.blocks / slicing.blocksPerRow)) * step.y) / factor)
  return { x, y, width: Math.min(right, width) - x, height: Math.min(bottom, height) - y }
}

/** The picture goes on to be seen: its light and shade stay, its colours give way to one. */
function tint({ rgba, width, blend }: Canvas, box: Box, [red, green, blue]: Rgb) {
  for (let y = box.y; y < box.y + box.height; y++) {
    for (let x = box.x; x < box.x + box.width; x++) {
      const at = (y * width + x) * 4
      const light = (54 * rgba[at]! + 183 * rgba[at + 1]! + 19 * rgba[at + 2]!) / (256 * 255)
      const shade = 0.3 + 0.85 * light
      blend(x, y, [red * shade, green * shade, blue * shade].map((value) => Math.min(255, value)) as unknown as Rgb, 0.68)
    }
  }
}

/** Thin lines between MicroJobs, strong ones between MacroJobs. */
function drawBorders(canvas: Canvas, picture: Picture, slicing: Slicing, factor: number, unit: number) {
  const { microJobs, microJobsPerRow } = slicing
  const macroAt = (column: number, row: number) => Math.floor((row * microJobsPerRow + column) / microJobs)
  for (let m = 0; m < slicing.macroJobs * microJobs; m++) {
    const [column, row] = [m % microJobsPerRow, Math.floor(m / microJobsPerRow)]
    const box = microJobBox(slicing, { macro: Math.floor(m / microJobs), micro: m % microJobs }, picture, factor)
    const line = (isStrong: boolean, at: (width: number) => Box) => {
      if (isStrong) canvas.box(at(Math.max(2, 4 * unit)), WHITE, { alpha: 0.92 })
      else canvas.box(at(Math.max(1, 1.5 * unit)), NIGHT, { alpha: 0.55 })
    }
    if (column > 0) line(macroAt(column, row) !== macroAt(column - 1, row), (w) => ({ ...box, x: box.x - w / 2, width: w }))
    if (row > 0) line(macroAt(column, row) !== macroAt(column, row - 1), (w) => ({ ...box, y: box.y - w / 2, height: w }))
  }
}

/** A folded corner in the colour of the peer whose work was lost. */
function drawCorner(canvas: Canvas, box: Box, color: Rgb, unit: number) {
  const size = Math.round(44 * unit)
  for (let j = 0; j < size; j++) {
    for (let i = 0; i < size - j; i++)
      canvas.blend(box.x + box.width - 1 - i, box.y + box.height - 1 - j, color, i + j >= size - 3 * unit ? 0.55 : 1)
  }
}

function drawPlate(canvas: Canvas, { x, y }: Box, text: string, peer: number, unit: number) {
  const size = Math.max(9, 15 * unit)
  const [left, top] = [x + 12 * unit, y + 12 * unit]
  // Written once beyond the edge to learn its width.
  const width = canvas.text(text, { x: 0, y: -100 }, { size, color: WHITE })
  const plate = { x: left, y: top, width: width + size * 3.2, height: size * 2.3 }
  canvas.box(plate, NIGHT, { alpha: 0.78, radius: plate.height / 2 })
  canvas.box({ x: left + size * 0.75, y: top + size * 0.75, width: size * 0.8, height: size * 0.8 }, colorOf(peer), { radius: size * 0.4 })
  canvas.text(text, { x: left + size * 2, y: top + size * 1.65 }, { size, color: WHITE })
}

function drawLegend(canvas: Canvas, { title, subtitle, peers }: MapInit, area: Box, unit: number) {
  const [titleAt, noteAt] = [area.y + 74 * unit, area.y + 124 * unit]
  const note = { size: Math.max(10, 20 * unit), color: GREY }
  const left = 40 * unit
  const width = Math.max(
    canvas.text(title, { x: left, y: titleAt }, { size: 34 * unit, color: WHITE, weight: 1.1 }),
    canvas.text(subtitle, { x: left, y: noteAt }, note),
  )
  const first = left + width + 70 * unit
  const each = (area.width - first) / peers.length
  const widest = Math.max(...peers.map((peer) => canvas.text(peer.note, { x: 0, y: -100 }, note)))
  // Many peers have little room each.
  const scale = Math.min(1, (each - 100 * unit) / widest)
  for (const [i, peer] of peers.entries()) {
    const x = first + i * each
    const swatch = { x, y: area.y + 44 * unit, width: 56 * unit, height: 88 * unit }
    canvas.box(swatch, colorOf(i), { radius: 12 * unit })
    canvas.text(peer.name, { x: x + 76 * unit, y: titleAt }, { size: 28 * unit * scale, color: WHITE, weight: 1.1 })
    canvas.text(peer.note, { x: x + 76 * unit, y: noteAt }, { ...note, size: note.size * scale })
  }
}
