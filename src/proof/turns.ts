import type { Abortable } from '../ports.ts'

/** Runs `work` when all that asked before has ended. An abort while waiting rejects with the signal's reason, and the others keep their order. */
export type TakeTurn = <T>(work: () => Promise<T>, options?: Abortable) => Promise<T>

/** One after another: a proof takes all cores and hundreds of MiB, so that two at once only take longer. */
export function createTurns(): TakeTurn {
  let last: Promise<void> = Promise.resolve()
  return async (work, { signal } = {}) => {
    const before = last
    const { promise, resolve } = Promise.withResolvers<void>()
    last = promise
    try {
      await unlessAborted(before, signal)
      return await work()
    } finally {
      // who gave up waiting lets nobody in before those who were there first
      before.then(resolve)
    }
  }
}

async function unlessAborted(wait: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return wait
  signal.throwIfAborted()
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    await Promise.race([wait, promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
