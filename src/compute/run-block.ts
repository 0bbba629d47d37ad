import { P } from '../job/abi.ts'
import type { BufferPool } from './buffers.ts'
import { guarded } from './guard.ts'
import type { BlockRequest } from './messages.ts'
import type { Bindings, Pipeline } from './pipelines.ts'
import { quietly } from './quiet.ts'
import { nextSlice } from './slices.ts'
import type { Turn } from './turn.ts'

export interface BlockContext {
  device: GPUDevice
  bindings: Bindings
  pool: BufferPool
  /** Held while a block's dispatches run: blocks overlap in all but those. */
  turn: Turn
  sliceTargetMs: number
}

export interface RawResult {
  output: Uint8Array<ArrayBuffer>
  deviceMs: number
}

/** The block was cancelled between two dispatches. */
export class BlockCancelled extends Error {}

/** A storage binding cannot be empty; an empty input is bound as one zero word. */
const EMPTY_INPUT = new Uint8Array(4)

/** Uploads, dispatches slice by slice, reads back. Throws DeviceFault and BlockCancelled. */
export async function runBlock(
  context: BlockContext,
  pipeline: Pipeline,
  request: BlockRequest,
  input: Uint8Array<ArrayBuffer>,
  cancelled: () => boolean,
): Promise<RawResult> {
  const { device, pool, turn } = context
  const { value: block, checked } = guarded(device, () => upload(context, request, input.length === 0 ? EMPTY_INPUT : input))
  const checks = [checked]
  try {
    await turn.take()
    let deviceMs: number
    try {
      deviceMs = await dispatchAll(context, pipeline, request, block, cancelled, checks)
    } finally {
      turn.end()
    }
    await quietly(Promise.all(checks))
    // lets the next block's first dispatch go out before this thread copies and hashes
    if (turn.waiting > 0) await new Promise(setImmediate)
    const output = new Uint8Array(block.readback.getMappedRange(0, request.outputBytes).slice(0))
    block.readback.unmap()
    release(pool, block)
    return { output, deviceMs }
  } catch (error) {
    // a fault of the device is the one to report, whatever it led to; its buffers are not used again
    await quietly(Promise.all(checks))
    if (error instanceof BlockCancelled) release(pool, block)
    throw error
  }
}

function release(pool: BufferPool, { params, first, input, output, readback }: Uploaded): void {
  for (const buffer of [params, first, input, output, readback]) pool.give(buffer)
}

interface Uploaded {
  params: GPUBuffer
  /** The index of the dispatch's first invocation: what `P[12]` reads. */
  first: GPUBuffer
  input: GPUBuffer
  output: GPUBuffer
  readback: GPUBuffer
  group: GPUBindGroup
}

function upload({ device, pool, bindings }: BlockContext, request: BlockRequest, inputBytes: Uint8Array<ArrayBuffer>): Uploaded {
  const header = new Uint32Array(request.params)
  header[P.zero] = 0
  // in P it stays 0 for ever: an index that no reading foresees must not find what changes with the slicing
  header[P.firstInvocation] = 0
  header[P.invocations] = request.invocations
  const params = filled(device, pool, header)
  const first = filled(device, pool, Uint32Array.of(0), GPUBufferUsage.UNIFORM)
  const input = filled(device, pool, inputBytes)
  const output = pool.take(GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC, request.outputBytes)
  const readback = pool.take(GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ, request.outputBytes)
  // the exact size is bound, not the buffer's: out of bounds then means out of this block, and what an earlier block left is out of reach
  const sizes = [
    { buffer: params, size: header.byteLength },
    { buffer: input, size: inputBytes.byteLength },
    { buffer: output, size: request.outputBytes },
    { buffer: first, size: 4 },
  ]
  const entries = sizes.map((resource, binding) => ({ binding, resource }))
  const group = device.createBindGroup({ layout: bindings.group, entries })
  return { params, first, input, output, readback, group }
}

function filled(
  device: GPUDevice,
  pool: BufferPool,
  data: Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer>,
  usage: GPUBufferUsageFlags = GPUBufferUsage.STORAGE,
): GPUBuffer {
  const buffer = pool.take(usage | GPUBufferUsage.COPY_DST, data.byteLength)
  device.queue.writeBuffer(buffer, 0, data.buffer, data.byteOffset, data.byteLength)
  return buffer
}

async function dispatchAll(
  { device, sliceTargetMs }: BlockContext,
  pipeline: Pipeline,
  request: BlockRequest,
  block: Uploaded,
  cancelled: () => boolean,
  checks: Promise<void>[],
): Promise<number> {
  const { invocations, workgroupSize, outputBytes, leastDispatches } = request
  const evenly = Math.ceil(Math.ceil(invocations / workgroupSize) / leastDispatches)
  const maxWorkgroups = Math.min(device.limits.maxComputeWorkgroupsPerDimension, evenly)
  let deviceMs = 0
  let slice = 0
  for (let first = 0; first < invocations; first += slice) {
    if (cancelled()) throw new BlockCancelled()
    const left = invocations - first
    slice = nextSlice({ left, rate: pipeline.rate, previous: slice, workgroupSize, maxWorkgroups, targetMs: sliceTargetMs })
    const started = performance.now()
    const { value: done, checked } = guarded(device, () => {
      const encoder = device.createCommandEncoder()
      if (first === 0) encoder.clearBuffer(block.output, 0, outputBytes)
      else device.queue.writeBuffer(block.first, 0, Uint32Array.of(first))
      const pass = encoder.beginComputePass()
      pass.setPipeline(pipeline.compute)
      pass.setBindGroup(0, block.group)
      pass.dispatchWorkgroups(Math.ceil(slice / workgroupSize))
      pass.end()
      const last = slice === left
      if (last) encoder.copyBufferToBuffer(block.output, 0, block.readback, 0, outputBytes)
      device.queue.submit([encoder.finish()])
      return last ? block.readback.mapAsync(GPUMapMode.READ, 0, outputBytes) : device.queue.onSubmittedWorkDone()
    })
    checks.push(checked)
    await quietly(done)
    const tookMs = performance.now() - started
    deviceMs += tookMs
    pipeline.rate = slice / Math.max(tookMs, 0.05)
  }
  return deviceMs
}
