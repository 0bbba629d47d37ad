import { z } from 'zod'
import { InvalidJobInfoError } from './errors.ts'
import { problemsOf } from './problems.ts'
import { MAX_BLOCKS, MAX_MACRO_JOBS, MAX_MICRO_JOBS, MAX_MICRO_JOBS_OF_JOB, type Slicing } from './slicing.ts'

/** The default shape of a Job: seeds/001, and docs/PROTOCOL.md "Words and default shape". */
export const DEFAULT_SHAPE = { macroJobs: 5, microJobs: 10, blocks: 16 } as const

const size = z
  .int()
  .min(1)
  .max(2 ** 31 - 1)
const counts = {
  macroJobs: z.int().min(1).max(MAX_MACRO_JOBS).default(DEFAULT_SHAPE.macroJobs),
  microJobs: z.int().min(1).max(MAX_MICRO_JOBS).default(DEFAULT_SHAPE.microJobs),
  blocks: z.int().min(1).max(MAX_BLOCKS).default(DEFAULT_SHAPE.blocks),
}
const elementBytes = z.int().min(1).max(1024).default(4)

/** A picture, or any array of width × height elements, to be cut into near-square blocks. */
export const gridRequestSchema = z.strictObject({
  layout: z.literal('grid').optional(),
  ...counts,
  width: size,
  height: size,
  /** Bytes of one element of the result. */
  elementBytes,
  /** Elements of its neighbours that a block sees on each side. */
  overlap: z.int().min(0).max(65_535).default(0),
  /** What stands beyond the edge of the data. */
  edge: z.enum(['clamp', 'zero']).default('clamp'),
  /** Where the same width × height elements lie in the data; `{}`: they are the data as it is. Null or left out: the Job has none. */
  input: z
    .strictObject({ elementBytes: elementBytes.optional(), offset: z.int().min(0).default(0), lineStride: z.int().min(1).optional() })
    .nullable()
    .optional(),
})

/** Blocks of `blockElements` values that follow one another, computed from the parameters alone. */
export const sequenceRequestSchema = z.strictObject({
  layout: z.literal('sequence'),
  ...counts,
  blockElements: size,
  elementBytes,
})

export type GridRequest = z.input<typeof gridRequestSchema>
export type SequenceRequest = z.input<typeof sequenceRequestSchema>
type Grid = z.output<typeof gridRequestSchema>

interface Shape {
  macroJobs: number
  microJobs: number
  blocks: number
}

interface Tiling extends Shape {
  microJobsPerRow: number
  blocksPerRow: number
  block: { width: number; height: number }
}

/**
 * The slicing of a grid into exactly the MacroJobs, MicroJobs and blocks asked for (by default 5 × 10 × 16) where they tile it
 * without holes, else into the nearest counts below them that do. Blocks are as square as the counts allow; those of the last
 * column and row may reach beyond the grid. Throws InvalidJobInfoError where the request itself is not well formed.
 */
export function fitSlicing(request: GridRequest): Slicing {
  const grid = parse(gridRequestSchema, request)
  const { macroJobs, microJobs, blocks, microJobsPerRow, blocksPerRow, block } = nearestTiling(grid)
  const region = { width: grid.width, height: grid.height, block, step: { x: block.width, y: block.height } }
  return {
    macroJobs,
    microJobs,
    blocks,
    microJobsPerRow,
    blocksPerRow,
    chunkMacroJobs: Math.min(macroJobs, DEFAULT_SHAPE.macroJobs),
    output: { ...region, elementBytes: grid.elementBytes, layout: 'grid' },
    input: grid.input ? { ...region, ...inputOf(grid, grid.input), overlap: grid.overlap, edge: grid.edge } : null,
  }
}

/** The slicing of a sequence: block after block in one line, so that a block's `x` is the number of its first element. */
export function fitSequence(request: SequenceRequest): Slicing {
  const { macroJobs, microJobs, blocks, blockElements, elementBytes } = parse(sequenceRequestSchema, request)
  const width = macroJobs * microJobs * blocks * blockElements
  return {
    macroJobs,
    microJobs,
    blocks,
    microJobsPerRow: macroJobs * microJobs,
    blocksPerRow: blocks,
    chunkMacroJobs: Math.min(macroJobs, DEFAULT_SHAPE.macroJobs),
    output: {
      width,
      height: 1,
      elementBytes,
      block: { width: blockElements, height: 1 },
      step: { x: blockElements, y: 0 },
      layout: 'sequence',
    },
    input: null,
  }
}

function parse<T extends Shape>(schema: z.ZodType<T>, request: unknown): T {
  const parsed = schema.safeParse(request)
  if (!parsed.success) throw new InvalidJobInfoError(problemsOf(parsed.error, request, ['slicing']))
  const total = parsed.data.macroJobs * parsed.data.microJobs
  if (total <= MAX_MICRO_JOBS_OF_JOB) return parsed.data
  throw new InvalidJobInfoError([{ path: 'slicing', message: `makes ${total} MicroJobs, a Job has at most ${MAX_MICRO_JOBS_OF_JOB}` }])
}

function inputOf({ width, elementBytes }: Grid, input: NonNullable<Grid['input']>) {
  const bytes = input.elementBytes ?? elementBytes
  return { elementBytes: bytes, offset: input.offset, lineStride: input.lineStride ?? width * bytes }
}

function nearestTiling(grid: Grid): Tiling {
  const exact = bestTiling(grid, grid)
  if (exact !== undefined) return exact
  for (const shape of smallerShapes(grid)) {
    if (shape.macroJobs * shape.microJobs * shape.blocks > grid.width * grid.height) continue
    const tiling = bestTiling(grid, shape)
    if (tiling !== undefined) return tiling
  }
  throw new Error('one block tiles every grid')
}

/** Shapes below the one asked for, those that lose least of it first; the last is one block. */
function* smallerShapes({ macroJobs, microJobs, blocks }: Shape): Iterable<Shape> {
  const shapes: (Shape & { loss: number })[] = []
  for (const m of nearBelow(macroJobs)) {
    for (const n of nearBelow(microJobs)) {
      for (const b of nearBelow(blocks)) {
        // Fewer blocks in a MicroJob change least for peers; fewer MacroJobs change most: they are what settles and is validated.
        const loss = 3 * Math.log(macroJobs / m) + 2 * Math.log(microJobs / n) + Math.log(blocks / b)
        if (loss > 0) shapes.push({ macroJobs: m, microJobs: n, blocks: b, loss })
      }
    }
  }
  yield* shapes.sort((a, b) => a.loss - b.loss)
}

/** `count` and its next neighbours below, then halves and small numbers: enough to find a shape, few enough to try them all. */
function nearBelow(count: number): number[] {
  const near = Array.from({ length: 9 }, (_, i) => count - i)
  const halves = Array.from({ length: 16 }, (_, i) => Math.floor(count / 2 ** i))
  const small = Array.from({ length: 8 }, (_, i) => i + 1)
  return [...new Set([...near, ...halves, ...small])].filter((n) => n >= 1 && n <= count)
}

/** The tiling of the grid by exactly this shape whose blocks are nearest to squares; undefined where none is without holes. */
function bestTiling(grid: Grid, shape: Shape): Tiling | undefined {
  let best: Tiling | undefined
  let bestSkew = Number.POSITIVE_INFINITY
  const micros = shape.macroJobs * shape.microJobs
  for (const microJobsPerRow of divisors(micros)) {
    for (const blocksPerRow of divisors(shape.blocks)) {
      const columns = microJobsPerRow * blocksPerRow
      const rows = (micros / microJobsPerRow) * (shape.blocks / blocksPerRow)
      const block = blockOf(grid, columns, rows)
      if (block === undefined) continue
      // The second term decides between equals: MicroJobs, too, should be near square, since overlap is read once for each.
      const skew = Math.abs(Math.log(block.width / block.height)) + 0.01 * Math.abs(Math.log((blocksPerRow * blocksPerRow) / shape.blocks))
      if (skew >= bestSkew) continue
      bestSkew = skew
      best = { macroJobs: shape.macroJobs, microJobs: shape.microJobs, blocks: shape.blocks, microJobsPerRow, blocksPerRow, block }
    }
  }
  return best
}

/** The block of which columns × rows cover the grid, or undefined where the last column or row would begin beyond it. */
function blockOf({ width, height, elementBytes }: Grid, columns: number, rows: number) {
  // A block's bytes are 32-bit words: lines of narrow elements are rounded up so that each is.
  const multiple = elementBytes % 4 === 0 ? 1 : elementBytes % 2 === 0 ? 2 : 4
  const block = { width: Math.ceil(width / columns / multiple) * multiple, height: Math.ceil(height / rows) }
  const fits = (columns - 1) * block.width < width && (rows - 1) * block.height < height
  return fits ? block : undefined
}

function divisors(count: number): number[] {
  const found: number[] = []
  for (let n = 1; n * n <= count; n++) {
    if (count % n === 0) found.push(n, count / n)
  }
  return found
}
