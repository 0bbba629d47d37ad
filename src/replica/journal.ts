import type { Logger } from '../log.ts'
import type { Clock } from '../ports.ts'
import { LogUnreadableError, LogUnwritableError } from './errors.ts'
import type { Store, StoreOperation } from './store.ts'

export type StoreHealth = 'writable' | 'read-only'

/**
 * Writes to the store in groups: one write at a time, and what comes meanwhile goes with the next. What was `put` can be read at once; while
 * the store takes no write it waits here, bounded by those who look at `waitingBytes`.
 */
export interface Journal {
  readonly health: StoreHealth
  /** Bytes that were put and are not in the store yet. */
  readonly waitingBytes: number
  /** Queues a value; never fails, tried again until it is written. */
  put(key: string, value: Uint8Array): void
  delete(key: string): void
  /** Writes values durably, all or none. Rejects with LogUnwritableError; they are then not, and will not be, in the store. */
  commit(values: readonly { key: string; value: Uint8Array }[]): Promise<void>
  /** Rejects with LogUnreadableError. */
  getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]>
  /** Resolves when nothing waits, or the store takes no write. */
  settled(): Promise<void>
  /** A last try to write what waits; idempotent. */
  stop(): Promise<void>
}

export interface JournalComponents {
  store: Store
  clock: Clock
  logger: Logger
}

export interface JournalInit {
  /** Pause between tries to write to a store that fails. @default 2,000 */
  retryMs?: number
}

interface Commit {
  operations: StoreOperation[]
  resolve(): void
  reject(error: LogUnwritableError): void
}

export function createJournal({ store, clock, logger }: JournalComponents, { retryMs = 2000 }: JournalInit = {}): Journal {
  /** The last queued operation of each key that the store has not taken yet. */
  const waiting = new Map<string, StoreOperation>()
  const stopped = new AbortController()
  let commits: Commit[] = []
  let waitingBytes = 0
  let health: StoreHealth = 'writable'
  let running: Promise<void> | undefined
  let retrying = false

  const queue = (operation: StoreOperation) => {
    waitingBytes += sizeOf(operation) - sizeOf(waiting.get(operation.key))
    waiting.set(operation.key, operation)
  }

  const wake = () => {
    running ??= run()
  }

  const run = async () => {
    // What is queued in the same turn goes together.
    await Promise.resolve()
    while (commits.length > 0 || (waiting.size > 0 && !retrying)) await writeGroup()
    // In the turn of the last look: what comes later must wake a new run.
    running = undefined
  }

  const writeGroup = async () => {
    const taken = commits
    commits = []
    const queued = [...waiting.values()]
    const operations = [...queued, ...taken.flatMap((commit) => commit.operations)]
    try {
      await store.write(operations, { durable: taken.length > 0 })
      for (const operation of queued) forget(operation)
      setHealth('writable')
      for (const commit of taken) commit.resolve()
    } catch (cause) {
      setHealth('read-only', cause)
      for (const commit of taken) fail(commit, cause)
      scheduleRetry()
    }
  }

  const forget = (operation: StoreOperation) => {
    if (waiting.get(operation.key) !== operation) return
    waiting.delete(operation.key)
    waitingBytes -= sizeOf(operation)
  }

  /** A write that failed may be on the disk all the same: it is taken back with the next one that succeeds. */
  const fail = (commit: Commit, cause: unknown) => {
    for (const { key } of commit.operations) queue({ type: 'del', key })
    commit.reject(new LogUnwritableError(cause))
  }

  const setHealth = (next: StoreHealth, cause?: unknown) => {
    if (next === health) return
    health = next
    if (next === 'read-only') logger.error('log store takes no write, the replica is read-only', { cause: String(cause) })
    else logger.info('log store takes writes again')
  }

  const scheduleRetry = () => {
    if (retrying || stopped.signal.aborted) return
    retrying = true
    clock
      .sleep(retryMs, { signal: stopped.signal })
      .catch(() => {})
      .finally(() => {
        retrying = false
        if (!stopped.signal.aborted) wake()
      })
  }

  return {
    get health() {
      return health
    },
    get waitingBytes() {
      return waitingBytes
    },
    put(key, value) {
      queue({ type: 'put', key, value })
      wake()
    },
    delete(key) {
      queue({ type: 'del', key })
      wake()
    },
    commit(values) {
      return new Promise((resolve, reject) => {
        commits.push({ operations: values.map(({ key, value }) => ({ type: 'put', key, value })), resolve, reject })
        wake()
      })
    },
    async getMany(keys) {
      const missing = keys.filter((key) => !waiting.has(key))
      const stored = new Map<string, Uint8Array | undefined>()
      if (missing.length > 0) {
        const values = await store.getMany(missing).catch((cause: unknown) => Promise.reject(new LogUnreadableError(cause)))
        missing.forEach((key, i) => {
          stored.set(key, values[i])
        })
      }
      return keys.map((key) => stored.get(key) ?? putValue(waiting.get(key)))
    },
    async settled() {
      while (running !== undefined && !retrying) await running
    },
    async stop() {
      stopped.abort()
      await running
      if (waiting.size > 0) await writeGroup()
    },
  }
}

function sizeOf(operation: StoreOperation | undefined): number {
  if (operation === undefined) return 0
  return operation.key.length + (operation.type === 'put' ? operation.value.length : 0)
}

function putValue(operation: StoreOperation | undefined): Uint8Array | undefined {
  return operation?.type === 'put' ? operation.value : undefined
}
