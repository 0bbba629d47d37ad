import type { ComputeBlock, WgslProgram } from '../ports.ts'
import { packParams } from './abi.ts'
import type { JobInfo } from './info.ts'
import { type BlockIndex, globalBlockIndex, outputBytesOf, tileOf } from './slice.ts'

/** The program that every block of the Job runs; `code` is the source that `info.code` names. */
export function programOf(info: JobInfo, code: string): WgslProgram {
  return {
    code,
    prelude: info.program.prelude,
    workgroupSize: info.program.workgroupSize,
    invocations: info.program.invocations,
    outputBytes: outputBytesOf(info.slicing),
    exact: info.verification.mode === 'exact',
    outputElement: info.program.outputElement,
  }
}

/** One block as the compute wants it: the ABI's header, the Job's parameters, and `input` as cutInput gives it. */
export function computeBlock(info: JobInfo, index: BlockIndex, input: Uint8Array): ComputeBlock {
  const { input: source, output } = info.slicing
  const { column, row } = tileOf(info.slicing, index)
  const overlap = source?.overlap ?? 0
  const header = {
    blockWidth: output.block.width,
    blockHeight: output.block.height,
    overlap,
    x: column * output.step.x,
    y: row * output.step.y,
    gridWidth: output.width,
    gridHeight: output.height,
    macroIndex: index.macro,
    microIndex: index.micro,
    blockIndex: index.block,
    globalBlockIndex: globalBlockIndex(info.slicing, index),
    inputWidth: source === null ? 0 : source.block.width + 2 * overlap,
    inputHeight: source === null ? 0 : source.block.height + 2 * overlap,
  }
  return { params: packParams(header, info.params), input }
}
