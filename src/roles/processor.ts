import type { JobId } from '../job/ids.ts'
import { isJobId } from '../job/ids.ts'
import type { Patience } from '../job/patience.ts'
import { paidPriceOf } from '../job/payment.ts'
import type { Logger } from '../log.ts'
import type { Channels, Clock, Replica, Signer } from '../ports.ts'
import type { JobNotice } from '../protocol/messages.ts'
import { type Convictions, createConvictions } from './convictions.ts'
import { JobRefusedError } from './errors.ts'
import { createJobJoins, type JobJoins } from './job-joins.ts'
import type { JobMembership, MembershipComponents } from './job-membership.ts'
import type { JobsBoard } from './jobs-board.ts'
import { joinJob } from './join-job.ts'
import { createReminders, type Reminders } from './reminders.ts'

/** Jobs that a peer follows at once; the ones before keep their duties (validate, reveal) while it works on the next. */
const MAX_JOBS = 16
/**
 * Jobs, beside those, that this peer computes nothing more for: it has given them up, and a paid one is still to be settled, or refunded at its deadline. A week of
 * a Job that nobody can do must not cost a place among those that work. Of more the oldest is left; whoever else is there settles and refunds as well.
 */
const MAX_IDLE = 16
/** With nothing to do the board is asked again after this; announcements wake it at once. */
const ASK_AGAIN_MS = 5000
/** A Job is left for so long where this peer is in trouble of its own; doubled each time. */
const PAUSE_MS = 5000
const MAX_PAUSE_MS = 300_000

export interface ProcessorComponents extends MembershipComponents {
  board: JobsBoard
  channels: Channels
  replica: Pick<Replica, 'jobs'>
  clock: Clock
  signer: Signer
  logger: Logger
}

export interface ProcessorInit {
  /** Jobs that pay less a MicroJob are left to others. @default 0n */
  minUnitPriceWei?: bigint
  patience?: Partial<Patience>
  onCompleted?(jobId: JobId, macro: number, micro: number, deviceMs: number): void
}

/** The processor (seeds/001 "Job Processing"): finds open Jobs, works on them, and keeps its duties in each until it is over. */
export interface Processor {
  /** Jobs that this peer takes part in. */
  jobs(): JobId[]
  /** Finishes the MicroJob under way, hands over the queue, and leaves. With `now` aborted it drops everything. Idempotent. */
  stop(now?: AbortSignal): Promise<void>
}

export function createProcessor(components: ProcessorComponents, init: ProcessorInit = {}): Processor {
  return new RunningProcessor(components, init)
}

class RunningProcessor implements Processor {
  readonly #components: ProcessorComponents
  readonly #init: ProcessorInit
  readonly #memberships = new Map<JobId, JobMembership>()
  readonly #joins: JobJoins
  readonly #convictions: Convictions
  /** How often the work on a Job failed for a reason of this peer's own. */
  readonly #troubles = new Map<JobId, number>()
  readonly #stop = new AbortController()
  readonly #kill = new AbortController()
  readonly #reminders: Reminders
  readonly #done: Promise<void>
  #woken = false
  #wake = () => {
    this.#woken = true
  }

  constructor(components: ProcessorComponents, init: ProcessorInit) {
    this.#components = components
    this.#init = init
    components.board.onNotice(() => this.#wake())
    this.#reminders = createReminders(components)
    this.#convictions = createConvictions(components, { patience: init.patience })
    const { clock, board } = components
    const join = (notice: JobNotice) => this.#join(notice)
    this.#joins = createJobJoins({ clock, authorOf: board.authorOf, join, onEnd: () => this.#wake() })
    this.#done = this.#loop()
  }

  jobs = () => [...this.#memberships.keys()]

  async stop(now?: AbortSignal) {
    this.#stop.abort()
    now?.addEventListener('abort', () => this.#kill.abort())
    if (now?.aborted) this.#kill.abort()
    this.#wake()
    await this.#done
    await this.#reminders.stop()
  }

  async #loop(): Promise<void> {
    const { logger } = this.#components
    while (!this.#stop.signal.aborted) {
      try {
        const worked = await this.#workOnce()
        if (!worked) await this.#idle()
      } catch (error) {
        if (this.#kill.signal.aborted) break
        logger.error('the processor ran into an error of ours and goes on', { error })
        await this.#idle()
      }
    }
    await this.#joins.settled()
    await Promise.allSettled([...this.#memberships.values()].map((membership) => membership.leave()))
    await this.#convictions.stop()
  }

  /** Works on the best Job that has something open for this peer, and begins to join what may be better; false where there is none. */
  async #workOnce(): Promise<boolean> {
    for (const membership of this.#memberships.values()) if (membership.over()) await this.#forget(membership)
    const idle = [...this.#memberships.values()].filter((membership) => membership.idle())
    for (const membership of idle.slice(0, Math.max(0, idle.length - MAX_IDLE))) await this.#forsake(membership)
    const price = ({ job }: JobMembership) => paidPriceOf(job.info)
    // Only what a Job says of itself decides which is worked on; what a notice claims, at most whether to look.
    for (const membership of [...this.#memberships.values()].sort((a, b) => compare(price(b), price(a)))) {
      if (this.#stop.signal.aborted) return false
      this.#look((claimed) => claimed > price(membership))
      if (await this.#workOn(membership)) return true
    }
    this.#look(() => true)
    return false
  }

  /** Where the work fails for a reason of this peer's own, such as a full disk, it leaves the Job: others wait for whoever is there. */
  async #workOn(membership: JobMembership): Promise<boolean> {
    try {
      return await membership.work({ stop: this.#stop.signal, signal: this.#kill.signal })
    } catch (error) {
      if (this.#kill.signal.aborted) throw error
      const { jobId } = membership.job
      const count = (this.#troubles.get(jobId) ?? 0) + 1
      const pauseMs = Math.min(MAX_PAUSE_MS, PAUSE_MS * 2 ** (count - 1))
      this.#components.logger.error('leaves a Job for a while: the work failed here', { jobId, pauseMs, error })
      this.#troubles.set(jobId, count)
      this.#joins.avoid(jobId, pauseMs)
      this.#memberships.delete(jobId)
      await membership.leave()
      return false
    }
  }

  /** Begins to join Jobs of the board, in the background. */
  #look(isWorth: (claimedWei: bigint) => boolean): void {
    const busy = [...this.#memberships.values()].filter((membership) => !membership.idle()).length
    if (this.#stop.signal.aborted || busy + this.#joins.count() >= MAX_JOBS) return
    const least = this.#init.minUnitPriceWei ?? 0n
    const isCandidate = ({ jobId, unitPriceWei }: JobNotice) => {
      const claimed = BigInt(unitPriceWei)
      return isJobId(jobId) && !this.#memberships.has(jobId) && claimed >= least && isWorth(claimed)
    }
    this.#joins.begin(this.#components.board.notices().filter(isCandidate))
  }

  async #join(notice: JobNotice): Promise<'joined' | 'no' | 'over'> {
    const jobId = notice.jobId as JobId
    const { logger, board } = this.#components
    try {
      const { patience, onCompleted } = this.#init
      const membership = await joinJob(this.#components, notice, {
        signal: this.#stop.signal,
        ...(patience && { patience }),
        ...(onCompleted && { onCompleted }),
        onChange: () => this.#wake(),
      })
      this.#memberships.set(jobId, membership)
      logger.info('joined a Job', { jobId, name: membership.job.info.name })
      return 'joined'
    } catch (error) {
      if (this.#stop.signal.aborted) throw error
      if (error instanceof JobRefusedError) {
        logger.info('leaves a Job to others', { jobId, reason: error.reason })
        return error.isForGood ? 'no' : 'over'
      }
      logger.warn('could not join a Job; it is left alone for a while', { jobId, error })
      if (notice.holders.length === 0) board.drop(jobId)
      throw error
    }
  }

  /** Not to be joined again. */
  async #forsake(membership: JobMembership) {
    this.#components.logger.warn('leaves a Job that it has given up, for a newer one', { jobId: membership.job.jobId })
    this.#joins.avoid(membership.job.jobId, Number.POSITIVE_INFINITY)
    await this.#forget(membership)
  }

  async #forget(membership: JobMembership) {
    const { jobId } = membership.job
    this.#memberships.delete(jobId)
    this.#troubles.delete(jobId)
    this.#components.board.drop(jobId)
    this.#reminders.left(jobId)
    // The work is over; what this peer owes to a conviction takes no place among the Jobs that it works on.
    await this.#convictions.keep(jobId, membership.convicted)
    await membership.leave()
    // From now on its blocks may go, by age and by space.
    await this.#components.blocks.finish?.(jobId)
    this.#components.logger.info('left a Job that is over', { jobId })
  }

  async #idle(): Promise<void> {
    const { clock, board } = this.#components
    // What arrived while this loop was looking must not wait for the next announcement.
    if (this.#woken) {
      this.#woken = false
      return
    }
    const woken = new AbortController()
    this.#wake = () => woken.abort()
    const signal = AbortSignal.any([woken.signal, this.#stop.signal])
    await clock.sleep(ASK_AGAIN_MS, { signal }).then(
      () => board.ask().catch(() => {}),
      () => {},
    )
    this.#wake = () => {
      this.#woken = true
    }
  }
}

const compare = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0)
