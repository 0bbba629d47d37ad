import type { Clock } from '../ports.ts'

/**
 * Commits of one MacroJob are written at most so often: an envelope of the log costs every peer of the Job two checked signatures, a write and its
 * way through the mesh, however many commits are in it. As long as the work that a peer has in hand at once (`batchMs` of the queue).
 */
const PAUSE_MS = 200
/** … or when so many wait: half of what one hand-over gives, so that a quick peer has room for more. */
const MAX_WAITING = 16

/** What is done with a result beside the device, which goes on with the next. */
export interface CommitSteps<Result, Commit> {
  /** Makes the result durable, and its commit. */
  store(result: Result): Promise<Commit>
  /** Resolves when these are durable. */
  write(commits: readonly Commit[]): Promise<void>
}

/** Commits to a worker's results in the background. What fails there, the next call throws. */
export interface CommitWriter<Result> {
  /** Resolves when the result before this one is stored, so that results do not pile up where the disk is slower than the device. */
  add(result: Result): Promise<void>
  /** Writes all that was added without waiting for more: others may wait for it. */
  flush(): Promise<void>
  /** The same, as the last: no timer stays. Idempotent. */
  close(): Promise<void>
}

export function createCommitWriter<Result, Commit>(clock: Clock, { store, write }: CommitSteps<Result, Commit>): CommitWriter<Result> {
  const closed = new AbortController()
  let waiting: Commit[] = []
  let storing = Promise.resolve()
  let writing = Promise.resolve()
  let writtenMs = Number.NEGATIVE_INFINITY
  let failure: { error: unknown } | undefined

  const background = async (step: () => Promise<void>) => {
    try {
      if (failure === undefined) await step()
    } catch (error) {
      failure = { error }
    }
  }

  const writeNow = () => {
    const commits = waiting
    waiting = []
    if (commits.length > 0) {
      writtenMs = clock.nowMs()
      writing = writing.then(() => background(() => write(commits)))
    }
    return writing
  }

  const storeNext = async (result: Result) => {
    const commit = await store(result)
    // Not in one line: what waits may be another list by then.
    waiting.push(commit)
    const leftMs = writtenMs + PAUSE_MS - clock.nowMs()
    if (leftMs <= 0 || waiting.length >= MAX_WAITING) void writeNow()
    // The first that waits sets the timer for those behind it.
    else if (waiting.length === 1) void clock.sleep(leftMs, { signal: closed.signal }).then(writeNow, () => {})
  }

  const throwFailure = () => {
    if (failure !== undefined) throw failure.error
  }

  const flush = async () => {
    await storing
    await writeNow()
    throwFailure()
  }

  return {
    async add(result) {
      await storing
      throwFailure()
      storing = background(() => storeNext(result))
    },
    flush,
    async close() {
      closed.abort()
      await flush()
    },
  }
}
