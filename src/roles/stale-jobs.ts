import { CLOCK_TOLERANCE_MS } from '../job/deadline.ts'
import { isJobId, type JobId } from '../job/ids.ts'
import { isPaid } from '../job/payment.ts'
import type { Logger } from '../log.ts'
import type { Clock, PeerId, Replica, Vault } from '../ports.ts'
import { createJobOutlook } from './job-outlook.ts'
import type { JobSession } from './job-session.ts'
import type { JobSessions } from './job-sessions.ts'
import { type LateRefundComponents, refundLate } from './late-refund.ts'

/** What others know of a Job is here within seconds; a Job that its only peer gave up is over after half a minute (job/progress.ts). */
const LOOK_MS = 60_000
/** Nobody comes back to a Job after so long: the longest that a holder keeps one that stands still (held-places.ts). */
export const STALE_PINS_MS = 30 * 86_400_000

export interface StaleJobsComponents {
  self: PeerId
  sessions: JobSessions
  replica: Replica & { isOpen(jobId: string): boolean }
  blocks: {
    owners(): Promise<readonly { owner: string; pinnedAtMs: number; finishedAtMs: number | undefined }[]>
    finish(owner: string): Promise<void>
  }
  vault: Pick<Vault, 'drop'>
  /** True for a Job that this peer works on. */
  takesPart(jobId: JobId): boolean
  /** Without it the escrows of paid Jobs are not looked at. */
  chain?: LateRefundComponents['chain'] | undefined
  clock: Clock
  /** Unix time in milliseconds. @default the system's */
  unixMs?: () => number
  logger: Logger
}

/**
 * Looks once at each Job of an earlier run that this peer holds pins or a log of: one that ended while the peer was down would be kept for ever, since nobody
 * would ever say that it is over. What a paid one still holds after its deadline is given back. One after another, since each opens a log; what is still under way stays, and is looked at again at the next start.
 */
export async function finishStaleJobs(components: StaleJobsComponents, signal: AbortSignal): Promise<void> {
  const { replica, blocks, takesPart, logger } = components
  const owners = new Map((await blocks.owners()).map((owner) => [owner.owner, owner]))
  const logs = new Set<string>(await replica.jobs())
  for (const jobId of new Set([...owners.keys(), ...logs])) {
    if (signal.aborted) return
    const owner = owners.get(jobId)
    if (!isJobId(jobId) || takesPart(jobId)) continue
    const isFinished = owner?.finishedAtMs !== undefined
    // What is finished goes by its age, and with it its log: but for its money nothing of it is looked at.
    if (isFinished && (components.chain === undefined || !logs.has(jobId))) continue
    await (isFinished ? lookForMoney(components, jobId, signal) : look(components, jobId, owner?.pinnedAtMs, signal)).catch(
      (error: unknown) => {
        if (!signal.aborted) logger.warn('could not look at a Job of an earlier run', { jobId, error })
      },
    )
  }
}

async function lookForMoney(components: StaleJobsComponents, jobId: JobId, signal: AbortSignal): Promise<void> {
  const session = await components.sessions.open(jobId, { signal })
  try {
    await giveBack(components, session, signal)
  } finally {
    await session.close()
  }
}

async function giveBack({ self, chain, logger }: StaleJobsComponents, { view }: JobSession, signal: AbortSignal): Promise<void> {
  if (chain !== undefined && view.peers.has(self)) await refundLate({ chain, logger }, view, { signal })
}

async function look(components: StaleJobsComponents, jobId: JobId, pinnedAtMs: number | undefined, signal: AbortSignal): Promise<void> {
  const { sessions, blocks, takesPart, logger, unixMs = Date.now } = components
  const session = await sessions.open(jobId, { signal })
  try {
    // First of all: a Job whose money was not given back is looked at again at the next start.
    await giveBack(components, session, signal)
    const isOver = await endsSoon(components, session, signal)
    if (takesPart(jobId)) return
    if (pinnedAtMs === undefined) return await forgetLog(components, session, isOver)
    if (!isOver && unixMs() - pinnedAtMs < STALE_PINS_MS) return
    await blocks.finish(jobId)
    logger.info(isOver ? 'a Job of an earlier run has ended meanwhile' : 'a Job of an earlier run is too old to go on', { jobId })
    // Nothing is here but the name that it was looked for by.
    if (session.view.info === undefined) await session.forget()
  } finally {
    await session.close()
  }
}

/** Whether the Job is over: by what lies here, or by what others tell within LOOK_MS. */
async function endsSoon({ clock, unixMs }: StaleJobsComponents, session: JobSession, signal: AbortSignal): Promise<boolean> {
  const outlook = createJobOutlook(session, { clock, unixMs, toleranceMs: CLOCK_TOLERANCE_MS })
  const known = new AbortController()
  const either = AbortSignal.any([signal, known.signal])
  try {
    await Promise.race([outlook.untilOver({ signal: either }), clock.sleep(LOOK_MS, { signal: either })])
    return outlook.isOver()
  } finally {
    outlook.close()
    known.abort()
  }
}

/** A log without pins: its pins have been released, or the peer ended before it had any. */
async function forgetLog({ self, replica, vault, logger }: StaleJobsComponents, session: JobSession, isOver: boolean): Promise<void> {
  const { jobId, view } = session
  const { info, peers } = view
  // Who took part in a Job that paid may still be asked for what convicts somebody (convictions.ts).
  if (info !== undefined && isPaid(info) && peers.has(self)) return
  if (await session.forget()) return logger.info('dropped the log of a Job of an earlier run', { jobId })
  if (!isOver || replica.isOpen(jobId)) return
  await vault.drop(jobId)
  await replica.remove(jobId)
  logger.info('dropped the log of a Job of an earlier run that has ended', { jobId })
}
