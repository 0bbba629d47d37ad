import type { BlockResult } from '../ports.ts'
import { ComputeCrashedError } from './errors.ts'
import type { DoneMessage } from './messages.ts'
import type { OpenChild } from './open-child.ts'
import { sendPayload, takePayload } from './payload.ts'
import type { BlockWork, Entry } from './task.ts'

/** Hands the block to the child. Rejects with the system's error where its input cannot be written. */
export async function sendBlock(child: OpenChild, { id, task }: Entry, work: BlockWork): Promise<void> {
  const { program, block, leastDispatches = 1 } = work
  const { workgroupSize, invocations, outputBytes } = program
  const input = await sendPayload(child.exchangeDirectory, block.input)
  const canonicalFloats = program.outputElement === 'f32'
  const shape = { workgroupSize, invocations, outputBytes, leastDispatches, canonicalFloats }
  child.send({ kind: 'block', id, key: task.source.key, params: block.params, input, ...shape })
}

/** What the child made of the block. Throws ComputeCrashedError where it cannot be read. */
export async function takeResult(child: OpenChild, work: BlockWork, { output, hash, deviceMs }: DoneMessage): Promise<BlockResult> {
  const bytes = await takePayload(child.exchangeDirectory, output, work.program.outputBytes).catch((error: unknown) => {
    throw new ComputeCrashedError('its output could not be read', error)
  })
  return { output: bytes, hash: new Uint8Array(hash), deviceMs }
}
