import { CLOCK_TOLERANCE_MS } from '../job/deadline.ts'
import { isJobId, type JobId } from '../job/ids.ts'
import type { JobInfo } from '../job/info.ts'
import { hasEnded, type JobProgress, progressOf } from '../job/progress.ts'
import type { Logger } from '../log.ts'
import type { Abortable, Blocks, Clock, PeerId, Replica } from '../ports.ts'
import { givingWay, type Held } from './held-jobs.ts'
import { isQuiet, type Place } from './held-places.ts'
import type { HoldLedger } from './hold-ledger.ts'
import { createMirror } from './job-mirror.ts'
import { noticeOf } from './job-notice.ts'
import { createJobOutlook } from './job-outlook.ts'
import type { JobSession } from './job-session.ts'
import type { JobSessions } from './job-sessions.ts'
import type { JobsBoard } from './jobs-board.ts'

/** Jobs that have stood still are looked for so often: it is a matter of days. */
const LOOK_FOR_QUIET_MS = 3_600_000

export interface HoldingsComponents {
  self: PeerId
  sessions: JobSessions
  replica: Replica
  blocks: Blocks
  board: JobsBoard
  ledger: HoldLedger
  clock: Clock
  /** Unix time in milliseconds. */
  unixMs(): number
  logger: Logger
}

export interface HoldingsInit extends Required<Abortable> {
  /** Open Jobs at once; as many that are over stay besides. */
  maxJobs: number
}

/** The Jobs that a holder has taken, from then until each gives way to another, is quiet for too long, or the holder stops. */
export class Holdings {
  readonly #components: HoldingsComponents
  readonly #init: HoldingsInit
  /** Oldest first. */
  readonly #held = new Map<JobId, Held>()

  /** The signal ends the looking for quiet Jobs, and nothing is taken after it. */
  constructor(components: HoldingsComponents, init: HoldingsInit) {
    this.#components = components
    this.#init = init
  }

  jobs(): JobId[] {
    return [...this.#held.keys()]
  }

  has(jobId: JobId): boolean {
    return this.#held.has(jobId)
  }

  all(): Iterable<Held> {
    return this.#held.values()
  }

  /** How far the Job is by this machine's clock, with the tolerance for those that are fast. */
  progress({ view }: JobSession): JobProgress {
    return progressOf(view, this.#standpoint())
  }

  /** Takes up the Jobs of an earlier run. */
  async resume(): Promise<void> {
    const { replica, logger } = this.#components
    for (const jobId of await replica.jobs()) {
      if (!isJobId(jobId)) continue
      await this.#resume(jobId).catch((error: unknown) => logger.warn('could not take up a Job again', { jobId, error }))
    }
  }

  /** Takes the session over. */
  async keep(session: JobSession, place: Place): Promise<void> {
    const { jobId } = session
    const { maxJobs, signal } = this.#init
    if (signal.aborted || this.#held.has(jobId)) return session.close()
    const { clock, unixMs, board, ledger } = this.#components
    const outlook = createJobOutlook(session, { clock, unixMs, toleranceMs: CLOCK_TOLERANCE_MS })
    const mirror = createMirror({ ...this.#components, outlook }, session, { onOver: () => board.drop(jobId) })
    this.#held.set(jobId, { session, mirror, place })
    session.log.onEntries(() => {
      if (this.#held.get(jobId)?.place === place) ledger.moved(jobId, place)
    })
    for (const held of givingWay(this.#held, maxJobs)) await this.drop(held, 'gave up a Job that is over, for a newer one')
  }

  async drop({ session, mirror }: Held, why: string): Promise<void> {
    const { board, ledger, logger } = this.#components
    const { jobId } = session
    if (!this.#held.delete(jobId)) return
    board.drop(jobId)
    await mirror.stop()
    await this.undo(session)
    await ledger.drop(jobId)
    logger.info(why, { jobId })
  }

  /** Closes the session and lets its data go; what another request still needs, or was held before, stays. */
  async undo(session: JobSession): Promise<void> {
    if (await session.forget()) await this.#components.blocks.release(session.jobId)
  }

  /** Tells the network that this peer, and `others`, hold a Job that still wants peers. */
  async announce({ view }: JobSession, others: readonly PeerId[]): Promise<void> {
    const notice = noticeOf(view, [this.#components.self, ...others], this.#standpoint())
    if (notice !== undefined) await this.#components.board.announce(notice)
  }

  /** Drops the open Jobs that have stood still for days, until the signal is aborted. Rejects with the signal's reason. */
  async dropQuiet(): Promise<void> {
    const { clock, unixMs } = this.#components
    const { signal } = this.#init
    const isGone = ({ session, place }: Held) => isQuiet(place, session.view.info as JobInfo, unixMs())
    while (!signal.aborted) {
      // After a start first of all the others tell what came while it was away.
      await clock.sleep(LOOK_FOR_QUIET_MS, { signal })
      for (const held of this.#open().filter(isGone)) await this.drop(held, 'gave up an open Job: nothing new of it has come for days')
    }
  }

  async close(): Promise<void> {
    for (const { session, mirror } of this.#held.values()) {
      await mirror.stop()
      await session.close()
    }
    this.#held.clear()
  }

  async #resume(jobId: JobId): Promise<void> {
    const { sessions, ledger, logger } = this.#components
    const { maxJobs, signal } = this.#init
    const session = await sessions.open(jobId, { meetAt: [], signal })
    try {
      const { info } = session.view
      if (info === undefined) {
        logger.info('drops a Job that nobody has described', { jobId })
        await session.forget()
      } else if (!hasEnded(this.progress(session)) && this.#open().length >= maxJobs) {
        logger.warn('holds no more Jobs; one of an earlier run is left on the disk', { jobId, maxJobs })
        await session.close()
      } else {
        await this.announce(session, [])
        await this.keep(session, await ledger.read(jobId, info))
      }
    } catch (error) {
      await session.close()
      throw error
    }
  }

  #open(): Held[] {
    return [...this.#held.values()].filter(({ mirror }) => !mirror.isOver())
  }

  /** What it holds is looked at as long as it lasts (job-outlook.ts), and a doubt is none yet. */
  #standpoint() {
    return { graceOver: false, unixMs: this.#components.unixMs() - CLOCK_TOLERANCE_MS }
  }
}
