import { chunkState } from '../job/chunk.ts'
import { macroJobId } from '../job/ids.ts'
import type { OpenMacroJob } from '../job/macro-choice.ts'
import { planFits } from '../job/plan.ts'
import { slotOf } from '../job/queue.ts'
import { chunkOf } from '../job/view.ts'
import type { Logger } from '../log.ts'
import type { Abortable, Channels, Clock, PeerId } from '../ports.ts'
import { macroJobTopic } from '../protocol/topics.ts'
import { WrongPlanError } from './errors.ts'
import type { LoadedJob } from './loaded-job.ts'
import { type MacroQueue, openMacroQueue } from './macro-queue.ts'
import type { WorkQueue } from './macro-worker.ts'
import type { QueueSnapshots } from './queue-snapshots.ts'

/** How often a peer that waits for others' locks looks whether it is of more use in another MacroJob. */
const LOOK_ELSEWHERE_MS = 250
/** Nobody reads it: without a reason of its own each abort makes an error with a stack, once a MicroJob. */
const OVER = 'over'

export interface WorkQueueComponents {
  self: PeerId
  channels: Channels
  snapshots: QueueSnapshots
  clock: Clock
  logger: Logger
}

export interface WorkQueueInit {
  /** The other processors of the MacroJob as far as known; with none this peer opens the queue. */
  processors: readonly PeerId[]
  /** True where another MacroJob has work for this peer: then nobody waits here for locks to run out. */
  elsewhere(): boolean
}

/** Throws WrongPlanError. Opens or joins the MacroJob's queue, in the state that the log gives it (seeds/001 "MacroJob Processing" 2, 4, 6). */
export async function openWorkQueue(
  { self, channels, snapshots, clock, logger }: WorkQueueComponents,
  { jobId, info, session }: LoadedJob,
  { macro, open }: OpenMacroJob,
  { processors, elsewhere }: WorkQueueInit,
  options: Abortable,
): Promise<WorkQueue & { close(): Promise<void> }> {
  if (!planFits(session.view, info, macro)) throw new WrongPlanError(jobId, macro)
  const attempt = chunkState(session.view, info, chunkOf(info, macro)).current?.attempt ?? 0
  const isOpen = new Set(open)
  const done = Array.from({ length: info.slicing.microJobs }, (_, micro) => micro).filter((micro) => !isOpen.has(micro))
  const queue = await openMacroQueue(
    { channels, snapshots, clock, self, logger: logger.child('queue') },
    {
      topic: macroJobTopic(jobId, macro),
      meetAt: [...processors],
      macroId: macroJobId(info, macro),
      n: info.slicing.microJobs,
      creator: processors.length === 0,
      members: processors,
      attempts: open.map((micro) => slotOf(micro, attempt)),
      done: done.map((micro) => slotOf(micro, 0)),
      settings: { leaseMs: info.limits.leaseMs },
    },
    options,
  )
  return {
    take: ({ signal }) => takeOrMoveOn(queue, clock, elsewhere, signal),
    recorded: (items, by) => queue.recorded(items, by === undefined ? {} : { by }),
    reopened(items) {
      const now = chunkState(session.view, info, chunkOf(info, macro)).current?.attempt
      queue.reopened(items, now)
    },
    working: () => queue.working(),
    release: (items) => queue.release(items),
    close: () => queue.close(),
  }
}

/** The next MicroJob; undefined when all are done, or when all are in others' hands and there is work elsewhere. */
async function takeOrMoveOn(queue: MacroQueue, clock: Clock, elsewhere: () => boolean, signal?: AbortSignal): Promise<number | undefined> {
  const movedOn = new AbortController()
  const taking = AbortSignal.any([movedOn.signal, ...(signal ? [signal] : [])])
  const taken = queue.take({ signal: taking }).catch((error: unknown) => {
    if (movedOn.signal.aborted) return undefined
    throw error
  })
  const done = new AbortController()
  taken.catch(() => {}).finally(() => done.abort(OVER))
  while (!done.signal.aborted) {
    await clock.sleep(LOOK_ELSEWHERE_MS, { signal: done.signal }).catch(() => {})
    if (!done.signal.aborted && queue.progress().open === 0 && elsewhere()) movedOn.abort()
  }
  return taken
}
