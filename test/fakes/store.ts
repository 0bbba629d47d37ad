import type { Store } from '../../src/replica/store.ts'
import { createMemoryStore } from '../../src/replica/store-memory.ts'

export interface FaultyStore extends Store {
  /** Thrown by every write until it is unset. */
  writeError: Error | undefined
  /** The write that fails is done all the same, as where only the sync fails. */
  writesAnyway: boolean
  readError: Error | undefined
  /** Resolves with the next write that is asked for, failed or not. */
  nextWrite(): Promise<void>
}

/** A memory store whose disk can be full, or unreadable. */
export function createFaultyStore(): FaultyStore {
  const store = createMemoryStore()
  let wake = Promise.withResolvers<void>()
  return {
    writeError: undefined,
    writesAnyway: false,
    readError: undefined,
    nextWrite: () => wake.promise,
    async write(operations, options) {
      const error = this.writeError
      if (!error || this.writesAnyway) await store.write(operations, options)
      wake.resolve()
      wake = Promise.withResolvers()
      if (error) throw error
    },
    async getMany(keys) {
      if (this.readError) throw this.readError
      return store.getMany(keys)
    },
    async *range(prefix) {
      if (this.readError) throw this.readError
      yield* store.range(prefix)
    },
    close: () => store.close(),
  }
}
