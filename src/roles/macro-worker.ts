import { chunkState } from '../job/chunk.ts'
import type { OpenMacroJob } from '../job/macro-choice.ts'
import type { RecordOf } from '../job/records.ts'
import { chunkOf } from '../job/view.ts'
import type { Abortable, Clock, ComputeBlock, PeerId } from '../ports.ts'
import { type CommitSteps, createCommitWriter } from './commit-writer.ts'
import { fetchInputs, type LoadedJob } from './loaded-job.ts'
import { type Computed, computeMicroJob, storeAndCommit, type WorkComponents, type WorkSubject } from './process-micro-job.ts'

/** The queue of one MacroJob, as a worker needs it (macro-queue.ts is the real one). */
export interface WorkQueue {
  /** The next MicroJob that is locked for this peer; undefined when this queue has nothing more for it. */
  take(options: Abortable): Promise<number | undefined>
  /** These have a commit in the log; `by` made it, this peer where it is absent. */
  recorded(items: readonly number[], by?: PeerId): void
  /** These are open again. */
  reopened(items: readonly number[]): void
  /** The work on what was taken goes on: keep its locks. */
  working(): void
  /** Gives back what was taken and will not be finished. */
  release(items: readonly number[]): void
}

export interface MacroWorkerEvents {
  onCompleted?(macro: number, micro: number, deviceMs: number): void
}

export interface MacroWorkerOptions extends Required<Abortable>, MacroWorkerEvents {
  stop: AbortSignal
  clock: Clock
  self: PeerId
}

interface InHand {
  micro: number
  inputs: Promise<ComputeBlock[]>
}

interface Done {
  subject: WorkSubject
  computed: Computed
}

/**
 * Works off one MacroJob's queue, so that the device has no pauses: while one MicroJob computes, the next one's bytes are fetched and the results
 * before it are stored and committed to (docs/PROTOCOL.md, "Processing"). Ends when the queue has nothing more for this peer. With `stop` aborted it
 * finishes the MicroJob under way and ends; with `signal` aborted it throws.
 */
export async function workOffMacroJob(
  work: WorkComponents,
  job: LoadedJob,
  { macro, open }: OpenMacroJob,
  queue: WorkQueue,
  options: MacroWorkerOptions,
): Promise<void> {
  const { signal, stop, self, clock } = options
  const unfollow = followRecords(job, { macro, open }, queue, self)
  const taking = AbortSignal.any([signal, stop])
  const commits = createCommitWriter(clock, commitSteps(work, job, queue, options))
  try {
    let next = await take(work, job, macro, queue, taking)
    while (next !== undefined) {
      const { micro, inputs } = next
      const blocks = await inputs
      // Asked for before this one computes, so that its fetch overlaps; an abort of the taking alone still lets this one finish.
      const following = inBackground(take(work, job, macro, queue, taking))
      const done = await compute(work, job, { macro, micro }, blocks, queue, options)
      if (done !== undefined) await commits.add(done)
      // With nothing to do here, others may wait for what we have.
      if (!following.isSettled()) await commits.flush()
      next = await following.promise
      if (next !== undefined && stop.aborted) {
        // It was asked for while this peer still meant to go on.
        queue.release([next.micro])
        next = undefined
      }
    }
  } finally {
    await commits.close().finally(unfollow)
  }
}

/** A promise that is awaited later: until then its failure must not count as unhandled. */
function inBackground<T>(promise: Promise<T>): { promise: Promise<T>; isSettled(): boolean } {
  let settled = false
  const settle = () => {
    settled = true
  }
  promise.then(settle, settle)
  return { promise, isSettled: () => settled }
}

async function take(
  work: WorkComponents,
  job: LoadedJob,
  macro: number,
  queue: WorkQueue,
  signal: AbortSignal,
): Promise<InHand | undefined> {
  if (signal.aborted) return undefined
  const micro = await queue.take({ signal }).catch((error: unknown) => {
    if (signal.aborted) return undefined
    throw error
  })
  if (micro === undefined) return undefined
  const inputs = inBackground(fetchInputs(work, job, { macro, micro }, { signal })).promise
  return { micro, inputs }
}

/** Undefined where the attempt ended meanwhile. */
async function compute(
  work: WorkComponents,
  job: LoadedJob,
  { macro, micro }: { macro: number; micro: number },
  inputs: ComputeBlock[],
  queue: WorkQueue,
  { signal, clock }: MacroWorkerOptions,
): Promise<Done | undefined> {
  const attempt = chunkState(job.session.view, job.info, chunkOf(job.info, macro)).current?.attempt
  if (attempt === undefined) return undefined
  const computed = await whileWorking(queue, job.info.limits.leaseMs, clock, () => computeMicroJob(work, job, inputs, { signal }))
  return { subject: { macro, micro, attempt }, computed }
}

interface Committed {
  commit: RecordOf<'commit'>
  deviceMs: number
}

function commitSteps(
  work: WorkComponents,
  job: LoadedJob,
  queue: WorkQueue,
  { onCompleted }: MacroWorkerOptions,
): CommitSteps<Done, Committed> {
  return {
    async store({ subject, computed }) {
      return { commit: await storeAndCommit(work, job, subject, computed), deviceMs: computed.deviceMs }
    },
    async write(committed) {
      await job.session.append(...committed.map(({ commit }) => commit))
      queue.recorded(committed.map(({ commit }) => commit.micro))
      for (const { commit, deviceMs } of committed) onCompleted?.(commit.macro, commit.micro, deviceMs)
    },
  }
}

/** Nobody reads it: without a reason of its own each abort makes an error with a stack, once a MicroJob. */
const OVER = 'over'

/** Runs `work` and tells the queue from time to time that it goes on: a MicroJob may take hours (docs/PROTOCOL.md, "The queue"). */
async function whileWorking<T>(queue: WorkQueue, leaseMs: number, clock: Clock, work: () => Promise<T>): Promise<T> {
  const done = new AbortController()
  const renewing = (async () => {
    while (!done.signal.aborted) {
      queue.working()
      await clock.sleep(leaseMs / 3, { signal: done.signal }).catch(() => {})
    }
  })()
  try {
    return await work()
  } finally {
    done.abort(OVER)
    await renewing
  }
}

/**
 * A record in the log makes an item done, and the agreement opens it again, whatever the queue says. `open` is what the queue was opened with:
 * what came while it was being opened is told at once, or the queue would wait for it for ever.
 */
function followRecords({ session, info }: LoadedJob, { macro, open }: OpenMacroJob, queue: WorkQueue, self: PeerId): () => void {
  const chunk = chunkOf(info, macro)
  let known = new Set(open)
  const tell = () => {
    const { current } = chunkState(session.view, info, chunk)
    const now = new Set(current?.open.get(macro) ?? [])
    const recorded = [...known].filter((micro) => !now.has(micro))
    const reopened = [...now].filter((micro) => !known.has(micro))
    known = now
    for (const micro of recorded) queue.recorded([micro], current?.authorOf(macro, micro) ?? self)
    if (reopened.length > 0) queue.reopened(reopened)
  }
  tell()
  return session.onChange(tell)
}
