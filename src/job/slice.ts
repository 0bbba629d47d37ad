import type { Slicing } from './slicing.ts'

/** Names one block of a Job: MacroJob i, MicroJob j in it, block b in that. */
export interface BlockIndex {
  macro: number
  micro: number
  block: number
}

/** A byte range of the data. */
export interface Range {
  offset: number
  length: number
}

type Input = NonNullable<Slicing['input']>

/** Column and row of a block in the grid of all blocks of the Job. */
export function tileOf(slicing: Slicing, { macro, micro, block }: BlockIndex): { column: number; row: number } {
  const m = macro * slicing.microJobs + micro
  const rowsOfMicro = Math.ceil(slicing.blocks / slicing.blocksPerRow)
  const columnsOfMicro = Math.min(slicing.blocks, slicing.blocksPerRow)
  return {
    column: (m % slicing.microJobsPerRow) * columnsOfMicro + (block % slicing.blocksPerRow),
    row: Math.floor(m / slicing.microJobsPerRow) * rowsOfMicro + Math.floor(block / slicing.blocksPerRow),
  }
}

/** A block's number in the whole Job, MacroJob by MacroJob. */
export function globalBlockIndex({ microJobs, blocks }: Slicing, { macro, micro, block }: BlockIndex): number {
  return (macro * microJobs + micro) * blocks + block
}

/** Bytes of one block's output. */
export function outputBytesOf({ output }: Slicing): number {
  return output.block.width * output.block.height * output.elementBytes
}

/** Bytes of one block's input with its overlap, 0 for a Job without data; a shader sees them padded to a multiple of 4. */
export function inputBytesOf({ input }: Slicing): number {
  if (input === null) return 0
  return (input.block.width + 2 * input.overlap) * (input.block.height + 2 * input.overlap) * input.elementBytes
}

/** The one range of the data that covers all input of a MicroJob (or of the given blocks of it); length 0 for a Job without data. */
export function coveringRange(slicing: Slicing, macro: number, micro: number, blocks?: readonly number[]): Range {
  const { input } = slicing
  if (input === null) return { offset: 0, length: 0 }
  let first = Number.POSITIVE_INFINITY
  let end = 0
  for (const block of blocks ?? Array.from({ length: slicing.blocks }, (_, b) => b)) {
    const { left, right, top, bottom } = seenRectangle(slicing, input, { macro, micro, block })
    first = Math.min(first, addressOf(input, left, top))
    end = Math.max(end, addressOf(input, right - 1, bottom - 1) + input.elementBytes)
  }
  return { offset: first, length: end - first }
}

/**
 * The input bytes of one block, cut out of `bytes`, which hold the data from `bytesOffset` on (coveringRange gives both).
 * Elements beyond the rectangle repeat the nearest one (`clamp`) or are zero. The length is inputBytesOf rounded up to a multiple of 4.
 */
export function cutInput(slicing: Slicing, index: BlockIndex, bytes: Uint8Array, bytesOffset: number): Uint8Array {
  const { input } = slicing
  if (input === null) return new Uint8Array(0)
  const out = new Uint8Array(Math.ceil(inputBytesOf(slicing) / 4) * 4)
  const { x0, y0, width, height } = wantedRectangle(slicing, input, index)
  for (let line = 0; line < height; line++) {
    const y = y0 + line
    const inside = y >= 0 && y < input.height
    if (!inside && input.edge === 'zero') continue
    copyLine(input, { x0, width, y: clamp(y, input.height) }, bytes, bytesOffset, out, line * width * input.elementBytes)
  }
  return out
}

/** Copies the block's output into the result of the whole Job, leaving out what lies beyond a grid's edge. */
export function pasteOutput(slicing: Slicing, index: BlockIndex, block: Uint8Array, result: Uint8Array): void {
  const { output } = slicing
  if (output.layout === 'sequence') {
    result.set(block, globalBlockIndex(slicing, index) * outputBytesOf(slicing))
    return
  }
  const { column, row } = tileOf(slicing, index)
  const x = column * output.step.x
  const y = row * output.step.y
  const width = Math.min(output.block.width, output.width - x)
  const height = Math.min(output.block.height, output.height - y)
  const { elementBytes } = output
  for (let line = 0; line < height; line++) {
    const from = line * output.block.width * elementBytes
    result.set(block.subarray(from, from + width * elementBytes), ((y + line) * output.width + x) * elementBytes)
  }
}

/** Bytes of the whole result: the grid, or all blocks one after another. */
export function resultBytesOf(slicing: Slicing): number {
  const { output, macroJobs, microJobs, blocks } = slicing
  if (output.layout === 'grid') return output.width * output.height * output.elementBytes
  return macroJobs * microJobs * blocks * outputBytesOf(slicing)
}

function addressOf({ offset, lineStride, elementBytes }: Input, x: number, y: number): number {
  return offset + y * lineStride + x * elementBytes
}

function clamp(value: number, length: number): number {
  return Math.min(Math.max(value, 0), length - 1)
}

/** What the block would read were the data endless: its top left element may lie outside. */
function wantedRectangle(slicing: Slicing, input: Input, index: BlockIndex) {
  const { column, row } = tileOf(slicing, index)
  return {
    x0: column * input.step.x - input.overlap,
    y0: row * input.step.y - input.overlap,
    width: input.block.width + 2 * input.overlap,
    height: input.block.height + 2 * input.overlap,
  }
}

/** The part of it that exists; never empty, since clamping needs the nearest element. */
function seenRectangle(slicing: Slicing, input: Input, index: BlockIndex) {
  const { x0, y0, width, height } = wantedRectangle(slicing, input, index)
  return {
    left: clamp(x0, input.width),
    right: clamp(x0 + width - 1, input.width) + 1,
    top: clamp(y0, input.height),
    bottom: clamp(y0 + height - 1, input.height) + 1,
  }
}

function copyLine(
  input: Input,
  at: { x0: number; width: number; y: number },
  bytes: Uint8Array,
  bytesOffset: number,
  out: Uint8Array,
  to: number,
) {
  const { elementBytes } = input
  const left = Math.min(Math.max(at.x0, 0), input.width)
  const right = Math.min(Math.max(at.x0 + at.width, 0), input.width)
  if (right > left) {
    const from = addressOf(input, left, at.y) - bytesOffset
    out.set(bytes.subarray(from, from + (right - left) * elementBytes), to + (left - at.x0) * elementBytes)
  }
  if (input.edge === 'zero') return
  for (let x = 0; x < at.width; x++) {
    const sourceX = at.x0 + x
    if (sourceX >= left && sourceX < right) {
      x = right - at.x0 - 1
      continue
    }
    const from = addressOf(input, clamp(sourceX, input.width), at.y) - bytesOffset
    out.set(bytes.subarray(from, from + elementBytes), to + x * elementBytes)
  }
}
