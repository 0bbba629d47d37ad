import type { Clock } from '../ports.ts'
import type { Entry, Task } from './task.ts'
import { watch } from './watchdog.ts'

export interface WatchInit {
  compileTimeoutMs: number
  /** From asking a block to stop until the child is killed; longer than one dispatch. */
  graceMs: number
}

export interface WatchComponents {
  clock: Clock
  /** The block's time is over: it is to stop before its next dispatch. */
  askToStop(entry: Entry): void
  /** It has not stopped. */
  kill(entry: Entry): void
}

/** The tasks in one child, in its order: the first is at work, and its time runs; that of the others runs from their turn on. */
export class WatchedEntries {
  readonly #components: WatchComponents
  readonly #init: WatchInit
  #entries: Entry[] = []

  constructor(components: WatchComponents, init: WatchInit) {
    this.#components = components
    this.#init = init
  }

  all(): readonly Entry[] {
    return this.#entries
  }

  has(entry: Entry): boolean {
    return this.#entries.includes(entry)
  }

  withId(id: number): Entry | undefined {
    return this.#entries.find((entry) => entry.id === id)
  }

  withTask(task: Task): Entry | undefined {
    return this.#entries.find((entry) => entry.task === task)
  }

  add(entry: Entry): void {
    this.#entries.push(entry)
    this.#watchFirst()
  }

  remove(entry: Entry): void {
    entry.unwatch?.()
    this.#entries = this.#entries.filter((other) => other !== entry)
    this.#watchFirst()
  }

  /** Removes and gives all. */
  clear(): Entry[] {
    const entries = this.#entries
    this.#entries = []
    for (const entry of entries) entry.unwatch?.()
    return entries
  }

  /** Sets the limits of an entry anew, whose phase has changed, or which its caller has left. */
  rewatch(entry: Entry): void {
    if (entry !== this.#entries[0]) return
    entry.unwatch?.()
    entry.unwatch = watch(this.#components.clock, ...this.#limitsOf(entry))
  }

  #watchFirst(): void {
    const first = this.#entries[0]
    if (first !== undefined && first.unwatch === undefined) this.rewatch(first)
  }

  #limitsOf(entry: Entry): { afterMs: number; call: () => void }[] {
    const { compileTimeoutMs, graceMs } = this.#init
    const kill = { call: () => this.#components.kill(entry) }
    if (entry.abandoned) return [{ ...kill, afterMs: graceMs }]
    if (entry.phase === 'compile') return [{ ...kill, afterMs: compileTimeoutMs }]
    const { budgetMs } = entry.task.work!
    const ask = { afterMs: budgetMs, call: () => this.#components.askToStop(entry) }
    return [ask, { ...kill, afterMs: budgetMs + graceMs }]
  }
}
