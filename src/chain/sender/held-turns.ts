import { abortable } from '../../abortable.ts'

/** Turns that last beyond their task. */
export interface HeldTurns {
  /** Runs `task` when all before it have; whoever comes next waits for what `holds` gives. Whoever leaves the queue lets nobody past. */
  take<T>(task: () => Promise<T>, holds: (value: T) => Promise<unknown> | undefined, signal: AbortSignal): Promise<T>
}

export function createHeldTurns(): HeldTurns {
  let queue: Promise<unknown> = Promise.resolve()
  return {
    async take(task, holds, signal) {
      const before = queue
      const turn = Promise.withResolvers<unknown>()
      queue = before.then(() => turn.promise)
      try {
        await abortable(before, signal)
        const value = await task()
        turn.resolve(holds(value))
        return value
      } catch (error) {
        turn.resolve(undefined)
        throw error
      }
    },
  }
}
