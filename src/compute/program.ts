import { createHash } from 'node:crypto'
import { HEADER_WORDS, MAX_PARAMS_WORDS, MAX_SOURCE_BYTES } from '../job/abi.ts'
import type { ComputeBlock, DeviceReport, WgslProgram } from '../ports.ts'
import { ComputeLimitError, ShaderTooLargeError } from './errors.ts'
import { separateFirst } from './first-invocation.ts'
import { PRELUDES } from './prelude.ts'

export interface SourceCode {
  /** Names this source; equal programs share a pipeline. */
  key: string
  code: string
  authorLines: number
}

/** The program's whole source. Throws ShaderTooLargeError. */
export function assemble({ code, prelude }: Pick<WgslProgram, 'code' | 'prelude'>): SourceCode {
  const bytes = Buffer.byteLength(code)
  if (bytes > MAX_SOURCE_BYTES) throw new ShaderTooLargeError(bytes, MAX_SOURCE_BYTES)
  const whole = [separateFirst(code), ...[...new Set(prelude)].map((name) => PRELUDES[name])].join('\n')
  // WGSL's own list of line breaks, so that lines are counted as the compiler counts them
  const authorLines = code.split(/\r\n|[\n\v\f\r\u0085\u2028\u2029]/).length
  return { key: createHash('sha256').update(whole).digest('hex'), code: whole, authorLines }
}

/** Throws ComputeLimitError where the program asks for what no dispatch of this device can be. */
export function checkProgramLimits({ workgroupSize, invocations, outputBytes }: WgslProgram, limits: DeviceReport['limits']): void {
  checkWhole('a workgroup size', workgroupSize, 1, limits.maxWorkgroupSize)
  // the index of an invocation is a u32, and the last workgroup may run over the end
  checkWhole('invocations', invocations, 1, 2 ** 32 - 1 - limits.maxWorkgroupSize)
  checkWhole('output bytes', outputBytes, 4, Math.min(limits.maxBufferBytes, limits.maxStorageBindingBytes))
  if (outputBytes % 4 !== 0) throw new ComputeLimitError('output bytes', outputBytes, 4, 'a multiple of 4')
}

/** The longest that a timer of Node takes, less a day for the grace that follows. */
const MAX_BUDGET_MS = 2 ** 31 - 1 - 86_400_000

/** Throws ComputeLimitError unless it is a time that can be waited for. */
export function checkBudget(budgetMs: number): void {
  if (!(budgetMs > 0 && budgetMs <= MAX_BUDGET_MS))
    throw new ComputeLimitError('a budget in ms', budgetMs, MAX_BUDGET_MS, `0 to ${MAX_BUDGET_MS}`)
}

/** Throws ComputeLimitError where the block cannot be bound, or its buffers together are more than `maxBufferBytes`. */
export function checkBlockLimits(
  program: WgslProgram,
  { params, input }: ComputeBlock,
  limits: DeviceReport['limits'],
  maxBufferBytes: number,
): void {
  checkWhole('parameter words', params.length, HEADER_WORDS, MAX_PARAMS_WORDS)
  checkWhole('input bytes', input.length, 0, Math.min(limits.maxBufferBytes, limits.maxStorageBindingBytes))
  if (input.length % 4 !== 0) throw new ComputeLimitError('input bytes', input.length, 4, 'a multiple of 4')
  checkWhole('bytes of all buffers', bufferBytes(program, { params, input }), 0, maxBufferBytes)
}

/** The rounding of the buffer pool, for five buffers, one of which is the index of a dispatch's first invocation. */
const ROUNDING_BYTES = 5 * 64 * 1024

/** Bytes of the block's buffers: parameters, input, output and the copy of the output that is read back. */
export function bufferBytes({ outputBytes }: WgslProgram, { params, input }: ComputeBlock): number {
  return params.byteLength + input.length + 2 * outputBytes + ROUNDING_BYTES
}

function checkWhole(what: string, found: number, least: number, most: number): void {
  if (Number.isInteger(found) && found >= least && found <= most) return
  throw new ComputeLimitError(what, found, found < least ? least : most, `a whole number from ${least} to ${most}`)
}
