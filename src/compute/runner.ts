import type { Logger } from '../log.ts'
import type { BlockResult, Clock, Diagnostic } from '../ports.ts'
import { ComputeCrashedError, ComputeStoppedError, ShaderCompileError } from './errors.ts'
import { createLanes } from './lanes.ts'
import type { DoneMessage, FailedMessage, FromChild, PreparedMessage } from './messages.ts'
import { dispose, type OpenChild } from './open-child.ts'
import { sendPayload, takePayload } from './payload.ts'
import type { SourceCode } from './program.ts'
import { type BlockWork, bytesOf, type Entry, failureOf, type Task, timeoutOf } from './task.ts'
import { watch } from './watchdog.ts'

/** Blocks in the child at once: one computes while the other's bytes travel. */
const WINDOW = 2

export interface RunnerInit {
  compileTimeoutMs: number
  /** From asking a block to stop until the child is killed; longer than one dispatch. */
  graceMs: number
  maxBufferBytes: number
  recycleAfterBlocks: number
  /** A child with so much CPU time behind it is replaced between blocks. */
  recycleAfterCpuSeconds: number
  maxPipelines: number
}

export interface RunnerComponents {
  logger: Logger
  clock: Clock
  open(): Promise<OpenChild>
}

export interface Runner {
  /** Compiles; resolves with the diagnostics. `lane` is the caller's identity: lanes take turns. */
  prepare(lane: object, source: SourceCode, signal?: AbortSignal): Promise<Diagnostic[]>
  runBlock(lane: object, source: SourceCode, work: BlockWork, signal?: AbortSignal): Promise<BlockResult>
  stop(): Promise<void>
}

/** One child, its watchdog, and whose turn it is. */
export function createRunner({ logger, clock, open }: RunnerComponents, init: RunnerInit): Runner {
  const lanes = createLanes<Task>()
  let child: OpenChild | undefined
  let starting: Promise<void> | undefined
  let stopped = false
  let inChild: Entry[] = []
  let nextId = 1
  // of the present child
  let prepared = new Map<string, Diagnostic[]>()
  let retiring = false
  let blocksDone = 0
  let sending = Promise.resolve()
  let taking = new Set<Promise<unknown>>()

  function submit(lane: object, source: SourceCode, work: BlockWork | undefined, signal?: AbortSignal): Promise<unknown> {
    if (stopped) return Promise.reject(new ComputeStoppedError())
    if (signal?.aborted) return Promise.reject(signal.reason)
    const task: Task = { lane, source, work, alone: false, settle: Promise.withResolvers() }
    const onAbort = () => abandon(task, signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    lanes.add(lane, task)
    pump()
    return task.settle.promise.finally(() => signal?.removeEventListener('abort', onAbort))
  }

  function abandon(task: Task, reason: unknown): void {
    task.settle.reject(reason)
    if (lanes.remove(task)) return
    const entry = inChild.find((candidate) => candidate.task === task)
    if (entry === undefined) return
    entry.abandoned = true
    child?.send({ kind: 'cancel', id: entry.id })
    rewatch(entry)
  }

  /** Starts whatever may start now. */
  function pump(): void {
    if (stopped || starting !== undefined) return
    if (child !== undefined && retiring && inChild.length === 0) retire(child)
    if (child === undefined) {
      if (lanes.peek() !== undefined) starting = start().finally(restarted)
      return
    }
    for (let task = lanes.peek(); task !== undefined && mayEnter(task); task = lanes.peek()) {
      lanes.take()
      enter(child, task)
    }
    child.hold(inChild.length > 0)
  }

  function restarted(): void {
    starting = undefined
    pump()
  }

  async function start(): Promise<void> {
    try {
      const opened = await open()
      if (stopped) return await dispose(opened)
      adopt(opened)
    } catch (error) {
      for (const task of lanes.drain()) task.settle.reject(error)
    }
  }

  function adopt(opened: OpenChild): void {
    child = opened
    prepared = new Map()
    retiring = false
    blocksDone = 0
    sending = Promise.resolve()
    taking = new Set()
    opened.onMessage((message) => onMessage(opened, message))
    opened.ended.then((detail) => onEnded(opened, detail))
  }

  function retire(old: OpenChild): void {
    child = undefined
    const taken = Promise.allSettled(taking)
    taken.then(() => dispose(old)).catch((error) => logger.warn('exchange folder not removed', { error }))
  }

  function mayEnter(task: Task): boolean {
    if (retiring || inChild.length >= WINDOW) return false
    if (inChild.length === 0) return true
    // compilation and suspects run alone, so that a crash or a hang has one cause
    if (task.alone || !prepared.has(task.source.key)) return false
    if (inChild.some((entry) => entry.task.alone || entry.phase === 'compile')) return false
    const bytes = [task, ...inChild.map((entry) => entry.task)].reduce((sum, { work }) => sum + bytesOf(work), 0)
    return bytes <= init.maxBufferBytes
  }

  function enter(into: OpenChild, task: Task): void {
    const entry: Entry = { id: nextId++, task, phase: 'compile', abandoned: false, timedOut: false, unwatch: undefined }
    inChild.push(entry)
    const known = prepared.get(task.source.key)
    if (known === undefined) sendPrepare(into, entry)
    else if (task.work === undefined) finish(entry, () => task.settle.resolve(known))
    else sendBlock(into, entry, task.work)
    watchHead()
  }

  function sendPrepare(into: OpenChild, { id, task }: Entry): void {
    const surplus = Math.max(0, prepared.size - init.maxPipelines + 1)
    const drop = [...prepared.keys()].slice(0, surplus)
    for (const key of drop) prepared.delete(key)
    into.send({ kind: 'prepare', id, ...task.source, drop })
  }

  function sendBlock(into: OpenChild, entry: Entry, { program, block, leastDispatches = 1 }: BlockWork): void {
    entry.phase = 'run'
    const { key } = entry.task.source
    const { workgroupSize, invocations, outputBytes } = program
    // used last: the map's order is the order of eviction
    prepared.set(key, takeOut(prepared, key) ?? [])
    // one after another: the watchdog takes the head of `inChild` for the one at work
    sending = sending.then(async () => {
      if (isLost(entry)) return
      if (entry.abandoned) return finish(entry, () => {})
      const input = await sendPayload(into.exchangeDirectory, block.input)
      const canonicalFloats = program.outputElement === 'f32'
      const shape = { workgroupSize, invocations, outputBytes, leastDispatches, canonicalFloats }
      into.send({ kind: 'block', id: entry.id, key, params: block.params, input, ...shape })
    })
    sending = sending.catch((error) => {
      if (isLost(entry)) return
      finish(entry, () => entry.task.settle.reject(new ComputeCrashedError('its input could not be written', error)))
    })
  }

  /** Its child died, and what becomes of its task is decided: it may be on its way into another. */
  function isLost(entry: Entry): boolean {
    return !inChild.includes(entry)
  }

  function watchHead(): void {
    const head = inChild[0]
    if (head !== undefined && head.unwatch === undefined) rewatch(head)
  }

  /** Sets the limits of the entry at work; a later one waits for its turn. */
  function rewatch(entry: Entry): void {
    if (entry !== inChild[0]) return
    entry.unwatch?.()
    const watched = child
    const kill = { call: () => overrun(entry, watched) }
    if (entry.abandoned) entry.unwatch = watch(clock, { ...kill, afterMs: init.graceMs })
    else if (entry.phase === 'compile') entry.unwatch = watch(clock, { ...kill, afterMs: init.compileTimeoutMs })
    else {
      const { budgetMs } = entry.task.work!
      const ask = { afterMs: budgetMs, call: () => askToStop(entry) }
      entry.unwatch = watch(clock, ask, { ...kill, afterMs: budgetMs + init.graceMs })
    }
  }

  function askToStop(entry: Entry): void {
    entry.timedOut = true
    child?.send({ kind: 'cancel', id: entry.id })
  }

  function overrun(entry: Entry, watched: OpenChild | undefined): void {
    entry.timedOut = true
    logger.warn('compute child killed', { phase: entry.phase, pid: watched?.pid, abandoned: entry.abandoned })
    watched?.kill()
  }

  function onMessage(from: OpenChild, message: FromChild): void {
    if (from !== child || !('id' in message)) return
    const entry = inChild.find(({ id }) => id === message.id)
    if (entry === undefined) return
    if (message.kind === 'prepared') onPrepared(from, entry, message)
    else if (message.kind === 'done') onDone(from, entry, message)
    else onFailed(entry, message)
  }

  function onPrepared(from: OpenChild, entry: Entry, { diagnostics }: PreparedMessage): void {
    const { source, work, settle } = entry.task
    const failed = diagnostics.some(({ severity }) => severity === 'error')
    if (!failed) prepared.set(source.key, diagnostics)
    if (work === undefined) finish(entry, () => settle.resolve(diagnostics))
    else if (failed) finish(entry, () => settle.reject(new ShaderCompileError(diagnostics)))
    else if (entry.abandoned) finish(entry, () => {})
    else {
      sendBlock(from, entry, work)
      rewatch(entry)
      pump()
    }
  }

  function onDone(from: OpenChild, entry: Entry, { output, hash, deviceMs, cpuSeconds }: DoneMessage): void {
    const { work, settle } = entry.task
    const took = takePayload(from.exchangeDirectory, output, work!.program.outputBytes)
      .then((bytes) => settle.resolve({ output: bytes, hash: new Uint8Array(hash), deviceMs } satisfies BlockResult))
      .catch((error) => settle.reject(new ComputeCrashedError('its output could not be read', error)))
      .finally(() => taking.delete(took))
    taking.add(took)
    blocksDone += 1
    if (blocksDone >= init.recycleAfterBlocks || cpuSeconds >= init.recycleAfterCpuSeconds) retiring = true
    finish(entry, () => {})
  }

  function onFailed(entry: Entry, message: FailedMessage): void {
    // what failed once on the device may have left it in any state
    if (message.reason !== 'cancelled') retiring = true
    finish(entry, () => entry.task.settle.reject(failureOf(entry, message, init)))
  }

  /** The entry is out of the child. */
  function finish(entry: Entry, settle: () => void): void {
    entry.unwatch?.()
    inChild = inChild.filter((other) => other !== entry)
    settle()
    watchHead()
    pump()
  }

  function onEnded(ended: OpenChild, detail: string): void {
    if (ended !== child) return
    const lost = inChild
    inChild = []
    for (const entry of lost) entry.unwatch?.()
    const slow = lost.find((entry) => entry.timedOut || (entry.abandoned && entry === lost[0]))
    if (slow === undefined) logger.warn('compute child ended', { detail, blocks: lost.length })
    // backwards, so that the first is the first again
    for (const entry of lost.toReversed()) {
      const { task } = entry
      if (entry === slow) task.settle.reject(timeoutOf(entry, init))
      else if (slow === undefined && lost.length === 1) task.settle.reject(new ComputeCrashedError(detail))
      else if (!entry.abandoned) {
        task.alone ||= slow === undefined
        lanes.putBack(task.lane, task)
      }
    }
    retire(ended)
    pump()
  }

  return {
    prepare: (lane, source, signal) => submit(lane, source, undefined, signal) as Promise<Diagnostic[]>,
    runBlock: (lane, source, work, signal) => submit(lane, source, work, signal) as Promise<BlockResult>,
    async stop() {
      stopped = true
      const waiting = [...lanes.drain(), ...inChild.map((entry) => entry.task)]
      for (const entry of inChild) entry.unwatch?.()
      inChild = []
      for (const task of waiting) task.settle.reject(new ComputeStoppedError())
      await starting
      const last = child
      child = undefined
      if (last !== undefined) await dispose(last)
    },
  }
}

function takeOut<K, V>(map: Map<K, V>, key: K): V | undefined {
  const value = map.get(key)
  map.delete(key)
  return value
}
