import type { Logger } from '../log.ts'
import type { BlockResult, Clock, Diagnostic } from '../ports.ts'
import { BusyChild, type BusyChildInit } from './busy-child.ts'
import { ComputeCrashedError, ComputeStoppedError } from './errors.ts'
import { createLanes } from './lanes.ts'
import { dispose, type OpenChild } from './open-child.ts'
import type { SourceCode } from './program.ts'
import { type BlockWork, type Task, timeoutOf } from './task.ts'

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

/** Whose turn it is, and the child at work: it is started for the first task, and replaced where it ended or is spent. */
export function createRunner(components: RunnerComponents, init: BusyChildInit): Runner {
  return new LaneRunner(components, init)
}

class LaneRunner implements Runner {
  readonly #components: RunnerComponents
  readonly #init: BusyChildInit
  readonly #lanes = createLanes<Task>()
  #child: BusyChild | undefined
  #starting: Promise<void> | undefined
  #stopped = false

  constructor(components: RunnerComponents, init: BusyChildInit) {
    this.#components = components
    this.#init = init
  }

  prepare(lane: object, source: SourceCode, signal?: AbortSignal): Promise<Diagnostic[]> {
    return this.#submit(lane, source, undefined, signal) as Promise<Diagnostic[]>
  }

  runBlock(lane: object, source: SourceCode, work: BlockWork, signal?: AbortSignal): Promise<BlockResult> {
    return this.#submit(lane, source, work, signal) as Promise<BlockResult>
  }

  async stop(): Promise<void> {
    this.#stopped = true
    const inside = this.#child?.clear() ?? []
    const waiting = [...this.#lanes.drain(), ...inside.map((entry) => entry.task)]
    for (const task of waiting) task.settle.reject(new ComputeStoppedError())
    await this.#starting
    const last = this.#child
    this.#child = undefined
    await last?.dispose()
  }

  #submit(lane: object, source: SourceCode, work: BlockWork | undefined, signal?: AbortSignal): Promise<unknown> {
    if (this.#stopped) return Promise.reject(new ComputeStoppedError())
    if (signal?.aborted) return Promise.reject(signal.reason)
    const task: Task = { lane, source, work, alone: false, settle: Promise.withResolvers() }
    const onAbort = () => this.#abandon(task, signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#lanes.add(lane, task)
    this.#pump()
    return task.settle.promise.finally(() => signal?.removeEventListener('abort', onAbort))
  }

  #abandon(task: Task, reason: unknown): void {
    task.settle.reject(reason)
    if (!this.#lanes.remove(task)) this.#child?.abandon(task)
  }

  /** Starts whatever may start now. */
  #pump(): void {
    if (this.#stopped || this.#starting !== undefined) return
    if (this.#child?.isSpent()) this.#retire(this.#child)
    if (this.#child !== undefined) this.#fill(this.#child)
    else if (this.#lanes.peek() !== undefined) this.#starting = this.#start().finally(() => this.#started())
  }

  #fill(child: BusyChild): void {
    for (let task = this.#lanes.peek(); task !== undefined && child.mayEnter(task); task = this.#lanes.peek()) {
      this.#lanes.take()
      child.enter(task)
    }
    child.holdWhileBusy()
  }

  async #start(): Promise<void> {
    try {
      const opened = await this.#components.open()
      if (this.#stopped) return await dispose(opened)
      this.#adopt(opened)
    } catch (error) {
      for (const task of this.#lanes.drain()) task.settle.reject(error)
    }
  }

  #started(): void {
    this.#starting = undefined
    this.#pump()
  }

  #adopt(opened: OpenChild): void {
    const { logger, clock } = this.#components
    const child = new BusyChild(opened, { logger, clock, onRoom: () => this.#pump() }, this.#init)
    this.#child = child
    opened.ended.then((detail) => this.#onEnded(child, detail))
  }

  #retire(child: BusyChild): void {
    this.#child = undefined
    child.retire()
  }

  #onEnded(child: BusyChild, detail: string): void {
    if (child !== this.#child) return
    const lost = child.clear()
    const slow = lost.find((entry) => entry.timedOut || (entry.abandoned && entry === lost[0]))
    if (slow === undefined) this.#components.logger.warn('compute child ended', { detail, blocks: lost.length })
    // backwards, so that the first is the first again
    for (const entry of lost.toReversed()) {
      if (entry === slow) entry.task.settle.reject(timeoutOf(entry, this.#init))
      else if (slow === undefined && lost.length === 1) entry.task.settle.reject(new ComputeCrashedError(detail))
      else if (!entry.abandoned) this.#putBack(entry.task, slow === undefined)
    }
    this.#retire(child)
    this.#pump()
  }

  /** For the next child; alone in it where it may have been the task that ended this one. */
  #putBack(task: Task, isSuspect: boolean): void {
    task.alone ||= isSuspect
    this.#lanes.putBack(task.lane, task)
  }
}
