import type { Logger } from '../log.ts'
import type { Clock } from '../ports.ts'
import { sendBlock, takeResult } from './block-exchange.ts'
import { ComputeCrashedError, ShaderCompileError } from './errors.ts'
import type { DoneMessage, FailedMessage, FromChild, PreparedMessage } from './messages.ts'
import { dispose, type OpenChild } from './open-child.ts'
import { PreparedPrograms } from './prepared-programs.ts'
import { type BlockWork, bytesOf, type Entry, failureOf, type Task } from './task.ts'
import { WatchedEntries, type WatchInit } from './watched-entries.ts'

/** Blocks in the child at once: one computes while the other's bytes travel. */
const WINDOW = 2

export interface BusyChildInit extends WatchInit {
  maxBufferBytes: number
  recycleAfterBlocks: number
  /** A child with so much CPU time behind it is replaced between blocks. */
  recycleAfterCpuSeconds: number
  maxPipelines: number
}

export interface BusyChildComponents {
  logger: Logger
  clock: Clock
  /** The child may have room for more. */
  onRoom(): void
}

/** One child and the tasks in it: it sends them, hears what becomes of them, and kills the child where one overruns its time. */
export class BusyChild {
  readonly #child: OpenChild
  readonly #components: BusyChildComponents
  readonly #init: BusyChildInit
  readonly #entries: WatchedEntries
  readonly #prepared: PreparedPrograms
  /** Outputs that are still being read. */
  readonly #taking = new Set<Promise<unknown>>()
  #sending = Promise.resolve()
  #nextId = 1
  #blocksDone = 0
  /** It is given no more tasks. */
  #retiring = false

  constructor(child: OpenChild, components: BusyChildComponents, init: BusyChildInit) {
    this.#child = child
    this.#components = components
    this.#init = init
    this.#prepared = new PreparedPrograms(init.maxPipelines)
    const overdue = { askToStop: (entry: Entry) => this.#askToStop(entry), kill: (entry: Entry) => this.#kill(entry) }
    this.#entries = new WatchedEntries({ clock: components.clock, ...overdue }, init)
    child.onMessage((message) => this.#onMessage(message))
  }

  /** True where it is to be replaced, and no task is left in it. */
  isSpent(): boolean {
    return this.#retiring && this.#entries.all().length === 0
  }

  mayEnter(task: Task): boolean {
    const inside = this.#entries.all()
    if (this.#retiring || inside.length >= WINDOW) return false
    if (inside.length === 0) return true
    // compilation and suspects run alone, so that a crash or a hang has one cause
    if (task.alone || this.#prepared.get(task.source.key) === undefined) return false
    if (inside.some((entry) => entry.task.alone || entry.phase === 'compile')) return false
    const bytes = [task, ...inside.map((entry) => entry.task)].reduce((sum, { work }) => sum + bytesOf(work), 0)
    return bytes <= this.#init.maxBufferBytes
  }

  enter(task: Task): void {
    const known = this.#prepared.get(task.source.key)
    if (known === undefined) this.#compile(this.#admit(task, 'compile'))
    else if (task.work === undefined) task.settle.resolve(known)
    else this.#run(this.#admit(task, 'run'), task.work)
  }

  /** Keeps this process alive as long as there is something in the child. */
  holdWhileBusy(): void {
    this.#child.hold(this.#entries.all().length > 0)
  }

  /** The task's caller has gone: the child is to be rid of it soon. */
  abandon(task: Task): void {
    const entry = this.#entries.withTask(task)
    if (entry === undefined) return
    entry.abandoned = true
    this.#child.send({ kind: 'cancel', id: entry.id })
    this.#entries.rewatch(entry)
  }

  /** Removes and gives all entries; what the child still says of them is not heard. */
  clear(): Entry[] {
    return this.#entries.clear()
  }

  /** Kills the child once the outputs of its blocks are read. */
  retire(): void {
    const taken = Promise.allSettled(this.#taking)
    taken.then(() => this.dispose()).catch((error) => this.#components.logger.warn('exchange folder not removed', { error }))
  }

  /** Kills the child and removes its exchange folder. */
  dispose(): Promise<void> {
    return dispose(this.#child)
  }

  #admit(task: Task, phase: Entry['phase']): Entry {
    const entry: Entry = { id: this.#nextId++, task, phase, abandoned: false, timedOut: false, unwatch: undefined }
    this.#entries.add(entry)
    return entry
  }

  #compile({ id, task }: Entry): void {
    this.#child.send({ kind: 'prepare', id, ...task.source, drop: this.#prepared.makeRoom() })
  }

  #run(entry: Entry, work: BlockWork): void {
    this.#prepared.use(entry.task.source.key)
    // one after another: the watchdog takes the first of the entries for the one at work
    this.#sending = this.#sending
      .then(() => this.#deliver(entry, work))
      .catch((error) => {
        if (!this.#isLost(entry)) this.#fail(entry, new ComputeCrashedError('its input could not be written', error))
      })
  }

  async #deliver(entry: Entry, work: BlockWork): Promise<void> {
    if (this.#isLost(entry)) return
    if (entry.abandoned) this.#finish(entry)
    else await sendBlock(this.#child, entry, work)
  }

  /** Its child died, and what becomes of its task is decided: it may be on its way into another. */
  #isLost(entry: Entry): boolean {
    return !this.#entries.has(entry)
  }

  #askToStop(entry: Entry): void {
    entry.timedOut = true
    this.#child.send({ kind: 'cancel', id: entry.id })
  }

  #kill(entry: Entry): void {
    entry.timedOut = true
    const { phase, abandoned } = entry
    this.#components.logger.warn('compute child killed', { phase, pid: this.#child.pid, abandoned })
    this.#child.kill()
  }

  #onMessage(message: FromChild): void {
    if (!('id' in message)) return
    const entry = this.#entries.withId(message.id)
    if (entry === undefined) return
    if (message.kind === 'prepared') this.#onPrepared(entry, message)
    else if (message.kind === 'done') this.#onDone(entry, message)
    else this.#onFailed(entry, message)
  }

  #onPrepared(entry: Entry, { diagnostics }: PreparedMessage): void {
    const { source, work, settle } = entry.task
    const failed = diagnostics.some(({ severity }) => severity === 'error')
    if (!failed) this.#prepared.add(source.key, diagnostics)
    if (work === undefined) settle.resolve(diagnostics)
    else if (failed) settle.reject(new ShaderCompileError(diagnostics))
    if (work === undefined || failed || entry.abandoned) this.#finish(entry)
    else this.#runCompiled(entry, work)
  }

  #runCompiled(entry: Entry, work: BlockWork): void {
    entry.phase = 'run'
    this.#run(entry, work)
    this.#entries.rewatch(entry)
    this.#components.onRoom()
  }

  #onDone(entry: Entry, message: DoneMessage): void {
    const { work, settle } = entry.task
    const took = takeResult(this.#child, work!, message)
      .then(settle.resolve, settle.reject)
      .finally(() => this.#taking.delete(took))
    this.#taking.add(took)
    this.#blocksDone += 1
    const { recycleAfterBlocks, recycleAfterCpuSeconds } = this.#init
    if (this.#blocksDone >= recycleAfterBlocks || message.cpuSeconds >= recycleAfterCpuSeconds) this.#retiring = true
    this.#finish(entry)
  }

  #onFailed(entry: Entry, message: FailedMessage): void {
    // what failed once on the device may have left it in any state
    if (message.reason !== 'cancelled') this.#retiring = true
    this.#fail(entry, failureOf(entry, message, this.#init))
  }

  #fail(entry: Entry, error: Error): void {
    entry.task.settle.reject(error)
    this.#finish(entry)
  }

  /** The entry is out of the child. */
  #finish(entry: Entry): void {
    this.#entries.remove(entry)
    this.#components.onRoom()
  }
}
