import { z } from 'zod'
import type { Problem } from './errors.ts'

/** A queue names its items in one gossip message of at most 64 KiB, which bounds the MicroJobs of a MacroJob. */
export const MAX_MICRO_JOBS = 4096
/** Poseidon ids take the index as i·65,536 + group: see ids.ts. */
export const MAX_MACRO_JOBS = 65_535
/** Records of a Job live in one log; 10⁵ MicroJobs fill it with about 70 MB (NETWORK.md, figures). */
export const MAX_MICRO_JOBS_OF_JOB = 100_000
/** A reveal lists the hashes of all blocks, 32 B each, in one record: 8 KiB of the 160 KiB that a log entry may have (replica/limits.ts). */
export const MAX_BLOCKS = 256
/** Input and output of a block each live in one GPU buffer; 128 MiB is what every WebGPU adapter grants a storage binding. */
export const MAX_BLOCK_BYTES = 128 * 1024 * 1024
/** A MicroJob's covering range of the data is read at once; four workers of that size fit a 4 GiB peer. */
export const MAX_MICRO_JOB_INPUT_BYTES = 512 * 1024 * 1024

const size = z
  .int()
  .min(1)
  .max(2 ** 31 - 1)
const step = z
  .int()
  .min(0)
  .max(2 ** 31 - 1)

/** A rectangle of elements, cut into blocks that begin every `step` elements. */
const region = {
  width: size,
  height: size,
  elementBytes: z.int().min(1).max(1024),
  block: z.strictObject({ width: size, height: size }),
  step: z.strictObject({ x: step, y: step }),
}

/**
 * How a Job's work is cut, after the slicing parameters of seeds/001 "Job Placement": M MacroJobs of N MicroJobs of B blocks.
 * The MicroJobs tile the grid row by row, `microJobsPerRow` beside each other; the blocks of one MicroJob tile it likewise.
 */
export const slicingSchema = z.strictObject({
  macroJobs: z.int().min(1).max(MAX_MACRO_JOBS),
  microJobs: z.int().min(1).max(MAX_MICRO_JOBS),
  blocks: z.int().min(1).max(MAX_BLOCKS),
  microJobsPerRow: z.int().min(1),
  blocksPerRow: z.int().min(1).max(MAX_BLOCKS),
  /** MacroJobs that settle together: a Job of the default shape (5) is one chunk. */
  chunkMacroJobs: z.int().min(1).max(MAX_MACRO_JOBS),
  /** Where a block's output belongs; `grid` results are put together into one width × height array, `sequence` results follow one another. */
  output: z.strictObject({ ...region, layout: z.enum(['grid', 'sequence']) }),
  /** Where a block's input lies in the data; null for a Job that computes from its parameters alone. */
  input: z
    .strictObject({
      ...region,
      /** Byte of the data at which the first element stands. */
      offset: z.int().min(0).max(Number.MAX_SAFE_INTEGER),
      /** Bytes from one line of elements to the next. */
      lineStride: z
        .int()
        .min(1)
        .max(2 ** 40),
      /** Elements of the neighbours that a block sees on each side. */
      overlap: z.int().min(0).max(65_535),
      /** What stands for elements beyond the rectangle. */
      edge: z.enum(['clamp', 'zero']),
    })
    .nullable(),
})

export type Slicing = z.infer<typeof slicingSchema>

/** The number of rows and columns of blocks over the whole Job. */
export function blockGrid(slicing: Slicing): { columns: number; rows: number } {
  const micros = slicing.macroJobs * slicing.microJobs
  const microRows = Math.ceil(micros / slicing.microJobsPerRow)
  const blockRows = Math.ceil(slicing.blocks / slicing.blocksPerRow)
  return {
    columns: Math.min(micros, slicing.microJobsPerRow) * Math.min(slicing.blocks, slicing.blocksPerRow),
    rows: microRows * blockRows,
  }
}

/** What is wrong with a well-formed slicing for data of `dataBytes` (null: the Job has none); empty where it fits. */
export function slicingProblems(slicing: Slicing, dataBytes: number | null): Problem[] {
  return [...countProblems(slicing), ...outputProblems(slicing), ...inputProblems(slicing, dataBytes)]
}

function countProblems({ macroJobs, microJobs }: Slicing): Problem[] {
  const total = macroJobs * microJobs
  if (total <= MAX_MICRO_JOBS_OF_JOB) return []
  return [{ path: 'slicing', message: `makes ${total} MicroJobs, a Job has at most ${MAX_MICRO_JOBS_OF_JOB}` }]
}

function outputProblems(slicing: Slicing): Problem[] {
  const problems: Problem[] = []
  const { output } = slicing
  const blockBytes = output.block.width * output.block.height * output.elementBytes
  if (blockBytes > MAX_BLOCK_BYTES) {
    problems.push({ path: 'slicing.output', message: `a block makes ${blockBytes} bytes, at most ${MAX_BLOCK_BYTES} are allowed` })
  }
  if (blockBytes % 4 !== 0)
    problems.push({ path: 'slicing.output', message: `a block makes ${blockBytes} bytes, which is no multiple of 4` })
  if (output.layout === 'grid') problems.push(...coverProblems(slicing))
  return problems
}

function coverProblems(slicing: Slicing): Problem[] {
  const { output } = slicing
  const { columns, rows } = blockGrid(slicing)
  const { width, height, block, step } = output
  if (step.x !== block.width || step.y !== block.height) {
    return [
      {
        path: 'slicing.output.step',
        message: `a grid's blocks must lie side by side: step is ${step.x}×${step.y}, a block ${block.width}×${block.height}`,
      },
    ]
  }
  const covered = columns * block.width >= width && rows * block.height >= height
  const inside = (columns - 1) * block.width < width && (rows - 1) * block.height < height
  const full = slicing.macroJobs * slicing.microJobs * slicing.blocks === columns * rows
  if (covered && inside && full) return []
  const found = `${columns}×${rows} blocks of ${block.width}×${block.height}`
  const why = !full ? 'leave holes' : covered ? 'go beyond' : 'do not cover'
  return [{ path: 'slicing.output', message: `the picture does not fit the slicing: ${found} ${why} ${width}×${height} elements` }]
}

function inputProblems(slicing: Slicing, dataBytes: number | null): Problem[] {
  const { input } = slicing
  const path = 'slicing.input'
  if (input === null) return dataBytes === null ? [] : [{ path, message: 'is null, but the Job has data' }]
  if (dataBytes === null) return [{ path, message: 'describes data, but the Job has none' }]
  const problems: Problem[] = []
  const { columns, rows } = blockGrid(slicing)
  const needed = input.offset + (input.height - 1) * input.lineStride + input.width * input.elementBytes
  if (needed > dataBytes) problems.push({ path, message: `needs ${needed} bytes of data, found ${dataBytes}` })
  if (input.lineStride < input.width * input.elementBytes)
    problems.push({ path, message: `lineStride ${input.lineStride} is shorter than a line` })
  if ((columns - 1) * input.step.x >= input.width || (rows - 1) * input.step.y >= input.height) {
    problems.push({
      path,
      message: `the data does not fit the slicing: the last block begins beyond ${input.width}×${input.height} elements`,
    })
  }
  const bytes = (input.block.width + 2 * input.overlap) * (input.block.height + 2 * input.overlap) * input.elementBytes
  if (bytes > MAX_BLOCK_BYTES) problems.push({ path, message: `a block reads ${bytes} bytes, at most ${MAX_BLOCK_BYTES} are allowed` })
  const lines = Math.ceil(slicing.blocks / slicing.blocksPerRow) * input.step.y + input.block.height + 2 * input.overlap
  if (Math.min(lines, input.height) * input.lineStride > MAX_MICRO_JOB_INPUT_BYTES) {
    problems.push({
      path,
      message: `a MicroJob spans ${lines * input.lineStride} bytes of data, at most ${MAX_MICRO_JOB_INPUT_BYTES} are allowed`,
    })
  }
  return problems
}
