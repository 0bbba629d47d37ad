import { awaitsConviction } from '../job/conviction.ts'
import { isJobId, type JobId } from '../job/ids.ts'
import { DEFAULT_PATIENCE, type Patience } from '../job/patience.ts'
import { isPaid } from '../job/payment.ts'
import { hasEnded, stateOfJob } from '../job/progress.ts'
import type { JobView } from '../job/view.ts'
import type { Replica } from '../ports.ts'
import { type ConvictionKeeperComponents, keepConvictions } from './conviction-keeper.ts'
import type { EscrowComponents } from './escrow-worker.ts'
import type { JobSessions } from './job-sessions.ts'

/** Jobs kept at once; of more the oldest gives way. Each costs an open log. */
const MAX_KEPT = 16

export interface ConvictionsComponents extends Omit<ConvictionKeeperComponents, 'escrow'> {
  sessions: JobSessions
  replica: Pick<Replica, 'jobs'>
  /** Without it there are no paid Jobs, and nobody to convict. */
  escrow?: EscrowComponents | undefined
}

/**
 * A peer's duties towards convictions (job/conviction.ts) in Jobs that it has left: the work is over with the report, and a culprit answers with its bond all
 * the same. At its start a peer takes up what it was killed in.
 */
export interface Convictions {
  /** Resolves when the Job's log is held open for it, if need be: the caller may close its own session then. `done` are `convict` duties that the chain took. */
  keep(jobId: JobId, done?: ReadonlySet<string>): Promise<void>
  /** Drops everything. Idempotent. */
  stop(): Promise<void>
}

interface Keeping {
  /** Asked once: whether there may be something to do. */
  isWorth(view: JobView): boolean
  /** False while the view does not show yet all that there is. */
  isKnown(view: JobView): boolean
  done: ReadonlySet<string>
  /** For the log. */
  told: string
}

export function createConvictions(
  components: ConvictionsComponents,
  { patience }: { patience?: Partial<Patience> | undefined } = {},
): Convictions {
  const { sessions, replica, escrow, self, logger } = components
  if (escrow === undefined) return { keep: async () => {}, stop: async () => {} }
  const stopped = new AbortController()
  /** Oldest first. */
  const kept = new Map<JobId, { end: AbortController; done: Promise<void> }>()

  const open = async (jobId: JobId, { isWorth, isKnown, done, told }: Keeping) => {
    if (stopped.signal.aborted || kept.has(jobId)) return
    const session = await sessions.open(jobId, { signal: stopped.signal })
    if (stopped.signal.aborted || kept.has(jobId) || !isWorth(session.view)) return session.close()
    for (const [oldest, { end }] of [...kept].slice(0, Math.max(0, kept.size + 1 - MAX_KEPT))) {
      logger.warn('gives up a conviction, for a newer one', { jobId: oldest })
      end.abort()
    }
    logger.info(told, { jobId })
    const end = new AbortController()
    const options = { isKnown, done: new Set(done), signal: AbortSignal.any([stopped.signal, end.signal]) }
    const running = keepConvictions({ ...components, escrow }, session, { ...DEFAULT_PATIENCE, ...patience }, options)
      .catch((error: unknown) => logger.error('stopped to keep to a conviction', { jobId, error }))
      .then(() => session.close())
      .finally(() => kept.delete(jobId))
    kept.set(jobId, { end, done: running })
  }

  /** One log after another: each is read as a whole. */
  const resume = async () => {
    for (const jobId of await replica.jobs()) {
      if (stopped.signal.aborted) return
      if (!isJobId(jobId)) continue
      while (kept.size >= MAX_KEPT) await Promise.race([...kept.values()].map(({ done }) => done))
      // All attempts are known when the Job is seen to have ended: its escrow is read step by step.
      const isKnown = (view: JobView) => hasEnded({ state: stateOfJob(view) })
      const told = 'looks for convictions in a Job of an earlier run'
      await open(jobId, { isWorth: mayConvict, isKnown, done: new Set(), told }).catch((error: unknown) => {
        if (!stopped.signal.aborted) logger.debug('could not look for convictions', { jobId, error })
      })
    }
  }
  const resumed = resume().catch((error: unknown) => logger.warn('could not look for convictions', { error }))

  return {
    async keep(jobId, done = new Set()) {
      const isWorth = (view: JobView) => view.info !== undefined && awaitsConviction(view, view.info, self, done)
      await open(jobId, { isWorth, isKnown: () => true, done, told: 'keeps to a conviction' }).catch((error: unknown) => {
        logger.warn('could not keep to a conviction', { jobId, error })
      })
    },
    async stop() {
      stopped.abort()
      await resumed
      await Promise.all([...kept.values()].map(({ done }) => done))
    },
  }

  /** No wrong result is proved without a third peer that ran the block. */
  function mayConvict({ info, peers, rechecks }: JobView): boolean {
    return info !== undefined && isPaid(info) && peers.has(self) && rechecks.size > 0
  }
}
