import { abortable } from '../abortable.ts'
import { StorageStoppedError } from './errors.ts'
import type { Hold, Holds } from './holds.ts'

/** What is under way in a storage. */
export interface Operations {
  /**
   * Runs one operation under the caller's signal and ours; blocks it touches are safe from the collector until it ends. Rejects with the signal's
   * reason, and with StorageStoppedError from `stop` on.
   */
  run<T>(signal: AbortSignal | undefined, task: (signal: AbortSignal, hold: Hold) => Promise<T>): Promise<T>
  /** Ends all that run. */
  stop(): void
  /** Resolves when those have ended. */
  ended(): Promise<unknown>
}

export function createOperations(holds: Holds): Operations {
  const stopping = new AbortController()
  const running = new Set<Promise<unknown>>()
  return {
    async run(signal, task) {
      stopping.signal.throwIfAborted()
      const ended = new AbortController()
      const hold = holds.open()
      const either = AbortSignal.any([stopping.signal, ended.signal, ...(signal ? [signal] : [])])
      either.throwIfAborted()
      // Raced: a source that hangs, a slow disk, must hold up neither the caller nor stop().
      const work = abortable(task(either, hold), either)
      running.add(work)
      try {
        return await work
      } finally {
        running.delete(work)
        ended.abort(new DOMException('the operation has ended', 'AbortError'))
        hold.release()
      }
    },
    stop: () => stopping.abort(new StorageStoppedError()),
    ended: () => Promise.allSettled(running),
  }
}
