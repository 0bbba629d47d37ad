/**
 * The WGSL calling convention, fixed for all Jobs (docs/COMPUTE.md). Pure: the domain builds headers with it, the compute child binds by it.
 *
 * ```wgsl
 * @group(0) @binding(0) var<storage, read> P: array<u32>;        // header and parameters
 * @group(0) @binding(1) var<storage, read> I: array<u32>;        // the block's input
 * @group(0) @binding(2) var<storage, read_write> O: array<u32>;  // the block's output, zero at the start
 * ```
 */

/** The word of each header field within P. */
export const P = {
  /** Always 0, and unknown to the compiler: the reproducible-float prelude rests on it. */
  zero: 0,
  /** Size of the output block, in elements. */
  blockWidth: 1,
  blockHeight: 2,
  /** Elements of input beyond each edge of the block. */
  overlap: 3,
  /** The block's first output element in the grid, in elements. */
  x: 4,
  y: 5,
  gridWidth: 6,
  gridHeight: 7,
  macroIndex: 8,
  microIndex: 9,
  /** Index of the block within its MicroJob. */
  blockIndex: 10,
  /** Index of the block within the Job. */
  globalBlockIndex: 11,
  /** Index of this dispatch's first invocation, for those who read it as `P[12]`; the word itself is always 0. */
  firstInvocation: 12,
  /** Invocations of the whole block; written by the compute child. An invocation at or beyond it returns. */
  invocations: 13,
  /** Size of the block's input in elements, overlap included. */
  inputWidth: 14,
  inputHeight: 15,
} as const

/** Words of the header; the Job's own parameters begin here. */
export const HEADER_WORDS = 16

/** The entry point of every program. */
export const ENTRY_POINT = 'main'

/** 292 KiB of plain statements took 17 s to compile; compile time grows faster than the source. */
export const MAX_SOURCE_BYTES = 64 * 1024

/** Header and parameters: 64 KiB, the size every WebGPU implementation can bind and far above what a Job's parameters need. */
export const MAX_PARAMS_WORDS = 16 * 1024

/** The header fields that a caller sets: all but `zero`, `firstInvocation` and `invocations`. */
export type HeaderFields = Omit<Record<keyof typeof P, number>, 'zero' | 'firstInvocation' | 'invocations'>

/** P for one block: the header, fields left out being 0, and then `parameters`. */
export function packParams(fields: Partial<HeaderFields>, parameters: ArrayLike<number> = []): Uint32Array {
  const words = new Uint32Array(HEADER_WORDS + parameters.length)
  for (const [name, value] of Object.entries(fields)) words[P[name as keyof HeaderFields]] = value
  words.set(parameters, HEADER_WORDS)
  return words
}
