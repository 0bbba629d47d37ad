import { chunkState } from '../job/chunk.ts'
import type { OpenMacroJob } from '../job/macro-choice.ts'
import { chunkOf } from '../job/view.ts'
import type { Abortable, ComputeBlock } from '../ports.ts'
import { fetchInputs, type LoadedJob } from './loaded-job.ts'
import { computeAndCommit, type WorkComponents } from './process-micro-job.ts'

/** The queue of one MacroJob, as a worker needs it (macro-queue.ts is the real one). */
export interface WorkQueue {
  /** The next MicroJob that is locked for this peer; undefined when this queue has nothing more for it. */
  take(options: Abortable): Promise<number | undefined>
  /** These have a commit in the log, whoever made it. */
  recorded(items: readonly number[]): void
  /** These are open again. */
  reopened(items: readonly number[]): void
  /** The work on these goes on: keep their locks. */
  working(items: readonly number[]): void
}

export interface MacroWorkerEvents {
  onCompleted?(macro: number, micro: number, deviceMs: number): void
}

interface InHand {
  micro: number
  inputs: Promise<ComputeBlock[]>
}

/**
 * Works off one MacroJob's queue: the next MicroJob's bytes are fetched while this one computes (docs/PROTOCOL.md, "Processing"). Ends when the queue
 * has nothing more for this peer. With `stop` aborted it finishes the MicroJob under way and ends; with `signal` aborted it throws.
 */
export async function workOffMacroJob(
  work: WorkComponents,
  job: LoadedJob,
  { macro }: OpenMacroJob,
  queue: WorkQueue,
  options: Required<Abortable> & { stop: AbortSignal } & MacroWorkerEvents,
): Promise<void> {
  const { signal, stop } = options
  const unfollow = followRecords(job, macro, queue)
  const taking = AbortSignal.any([signal, stop])
  try {
    let next = await take(work, job, macro, queue, taking)
    while (next !== undefined) {
      const current = next
      const inputs = await current.inputs
      // Asked for before this one computes, so that its fetch overlaps; an abort of the taking alone still lets this one finish.
      const following = take(work, job, macro, queue, taking)
      await workOff(work, job, macro, current.micro, inputs, queue, options)
      next = await following
    }
  } finally {
    unfollow()
  }
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
  const inputs = fetchInputs(work, job, { macro, micro }, { signal })
  // Awaited a MicroJob later: until then a failure must not count as unhandled.
  inputs.catch(() => {})
  return { micro, inputs }
}

async function workOff(
  work: WorkComponents,
  job: LoadedJob,
  macro: number,
  micro: number,
  inputs: ComputeBlock[],
  queue: WorkQueue,
  { signal, onCompleted }: Required<Abortable> & MacroWorkerEvents,
): Promise<void> {
  const attempt = chunkState(job.session.view, job.info, chunkOf(job.info, macro)).current?.attempt
  if (attempt === undefined) return
  queue.working([micro])
  const onBlock = () => queue.working([micro])
  const { commit, deviceMs } = await computeAndCommit(work, job, { macro, micro, attempt }, inputs, { signal, onBlock })
  await job.session.append(commit)
  queue.recorded([micro])
  onCompleted?.(macro, micro, deviceMs)
}

/** A record in the log makes an item done, and the agreement opens it again, whatever the queue says. */
function followRecords({ session, info }: LoadedJob, macro: number, queue: WorkQueue): () => void {
  const chunk = chunkOf(info, macro)
  let open = new Set(openOf())
  function openOf(): number[] {
    const state = chunkState(session.view, info, chunk)
    return state.current?.open.get(macro) ?? []
  }
  return session.onChange(() => {
    const now = new Set(openOf())
    const recorded = [...open].filter((micro) => !now.has(micro))
    const reopened = [...now].filter((micro) => !open.has(micro))
    open = now
    if (recorded.length > 0) queue.recorded(recorded)
    if (reopened.length > 0) queue.reopened(reopened)
  })
}
