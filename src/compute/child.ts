/** The entry of the compute child: one device, one parent, no state worth keeping. It never exits by itself; it is killed. */
import { createHash } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import { listAdapters, openDevice } from './adapter.ts'
import { createBufferPool } from './buffers.ts'
import { canonicalizeFloats } from './canonical.ts'
import { DeviceFault } from './guard.ts'
import type { BlockRequest, ChildInit, FailedMessage, FromChild, PrepareRequest, ToChild } from './messages.ts'
import { sendPayload, takePayload } from './payload.ts'
import { compile, createBindings, type Pipeline } from './pipelines.ts'
import { quietly } from './quiet.ts'
import { BlockCancelled, type BlockContext, runBlock } from './run-block.ts'
import { createTurn } from './turn.ts'

/** The file descriptor of the pipe to the parent, after stdio and IPC. */
const LIFELINE_FD = 4

const init = JSON.parse(process.argv[2]!) as ChildInit | { list: true }
const pipelines = new Map<string, Pipeline>()
/** Blocks at work, and whether each was cancelled. */
const active = new Map<number, { cancelled: boolean }>()

const workerData = { fd: LIFELINE_FD, directory: 'list' in init ? undefined : init.exchangeDirectory }
new Worker(new URL(import.meta.url.endsWith('.ts') ? './lifeline.ts' : './lifeline.js', import.meta.url), { workerData })
await ('list' in init ? list() : serve(init))

function send(message: FromChild): void {
  process.send!(message)
}

async function list(): Promise<void> {
  send({ kind: 'adapters', adapters: await quietly(listAdapters()) })
}

async function serve(settings: ChildInit): Promise<void> {
  const opened = await quietly(openDevice(settings.adapter))
  if (typeof opened === 'string') return send({ kind: 'no-adapter', found: opened })
  const { device, ready } = opened
  device.addEventListener('uncapturederror', ({ error }) => fatal(`uncaptured: ${error.message}`))
  device.lost.then(({ message }) => fatal(`device lost: ${message}`))
  const pool = createBufferPool(device, settings.maxBufferBytes)
  const context: BlockContext = {
    device,
    bindings: createBindings(device),
    pool,
    turn: createTurn(),
    sliceTargetMs: settings.sliceTargetMs,
  }
  process.on('message', (message: ToChild) => {
    if (message.kind === 'cancel') cancel(message.id)
    else if (message.kind === 'prepare') prepare(context, message).catch((error) => fail(message.id, error))
    else block(context, settings.exchangeDirectory, message).catch((error) => fail(message.id, error))
  })
  send(ready)
}

function cancel(id: number): void {
  const block = active.get(id)
  if (block !== undefined) block.cancelled = true
}

/** The device is beyond use: say why and end, so that the parent starts another child. */
function fatal(text: string): void {
  process.stderr.write(`${text}\n`, () => process.kill(process.pid, 'SIGKILL'))
}

async function prepare({ device, bindings }: BlockContext, { id, key, code, authorLines, drop }: PrepareRequest): Promise<void> {
  for (const old of drop) pipelines.delete(old)
  const { pipeline, diagnostics } = await compile(device, bindings, code, authorLines)
  if (pipeline !== undefined) pipelines.set(key, pipeline)
  send({ kind: 'prepared', id, diagnostics })
}

async function block(context: BlockContext, directory: string, request: BlockRequest): Promise<void> {
  const { id, key, input: payload, canonicalFloats } = request
  const state = { cancelled: false }
  active.set(id, state)
  const pipeline = pipelines.get(key)
  if (pipeline === undefined) throw new Error('expected a program that was prepared')
  const bytes = 'inline' in payload ? payload.inline.length : payload.bytes
  const input = await takePayload(directory, payload, bytes)
  const { output, deviceMs } = await runBlock(context, pipeline, request, input, () => state.cancelled)
  if (canonicalFloats) canonicalizeFloats(new Uint32Array(output.buffer))
  const hash = createHash('sha256').update(output).digest()
  const { user, system } = process.cpuUsage()
  active.delete(id)
  // the id keeps two equal results apart while both wait to be taken
  const sent = await sendPayload(directory, output, createHash('sha256').update(hash).update(String(id)).digest('hex'))
  send({ kind: 'done', id, output: sent, hash: new Uint8Array(hash), deviceMs, cpuSeconds: (user + system) / 1e6 })
}

function fail(id: number, error: Error): void {
  active.delete(id)
  let reason: FailedMessage['reason'] = 'device'
  if (error instanceof BlockCancelled) reason = 'cancelled'
  else if (error instanceof DeviceFault) reason = error.reason
  send({ kind: 'failed', id, reason, message: error.message })
}
