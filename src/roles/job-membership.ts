import { chunkState } from '../job/chunk.ts'
import { isEscrowClosed } from '../job/escrow-facts.ts'
import type { JobId } from '../job/ids.ts'
import type { JobInfo } from '../job/info.ts'
import type { OpenMacroJob } from '../job/macro-choice.ts'
import { DEFAULT_PATIENCE, type Patience } from '../job/patience.ts'
import { isPaid } from '../job/payment.ts'
import { hasEnded, progressOf } from '../job/progress.ts'
import type { RecordOf } from '../job/records.ts'
import { chunkOf, type JobView, wantsToCancel } from '../job/view.ts'
import type { Logger } from '../log.ts'
import type { Abortable, Blocks, Channel, Channels, Clock, Compute, PeerId, Signer, Vault, VerifySignature } from '../ports.ts'
import type { JobMessage } from '../protocol/messages.ts'
import { complaintOf } from './complaints.ts'
import { keepDuties } from './duty-keeper.ts'
import type { EscrowComponents } from './escrow-worker.ts'
import type { JobOutlook } from './job-outlook.ts'
import type { JobSessions } from './job-sessions.ts'
import type { JobsBoard } from './jobs-board.ts'
import type { LoadedJob } from './loaded-job.ts'
import type { MacroActivity } from './macro-activity.ts'
import { createMacroTurn, type MacroTurn } from './macro-turn.ts'
import { workOffMacroJob } from './macro-worker.ts'
import type { QueueSnapshots } from './queue-snapshots.ts'
import { createReportWatch, type ReportWatch } from './report-watch.ts'
import { openWorkQueue } from './work-queue.ts'

export interface MembershipComponents {
  self: PeerId
  sessions: JobSessions
  board: JobsBoard
  channels: Channels
  snapshots: QueueSnapshots
  blocks: Blocks
  compute: Compute
  vault: Vault
  signer: Signer
  verify: VerifySignature
  clock: Clock
  /** Unix time in milliseconds. @default the system's */
  unixMs?: () => number
  logger: Logger
  wallet: string
  /** The wallet's 32-byte secret. */
  walletKey: Uint8Array
  /** Without it, paid Jobs are left to others. */
  escrow?: EscrowComponents | undefined
  /** The wallet's certificate over this peer's key. */
  certificate: Uint8Array
  /** Why this peer leaves such a Job to others; undefined where it takes it. @default takes every Job */
  refuses?(info: JobInfo): string | undefined
}

export interface MembershipOptions extends Abortable {
  patience?: Partial<Patience>
  onCompleted?(jobId: JobId, macro: number, micro: number, deviceMs: number): void
  /** The Job has moved: there may be something to do in it. */
  onChange?(): void
}

/** A peer's part in one Job: it works on its MacroJobs, and does its duties in the background. */
export interface JobMembership {
  readonly job: LoadedJob
  /** Works on the next MacroJob that is open for this peer; false where there is none now. */
  work(options: Required<Abortable> & { stop: AbortSignal }): Promise<boolean>
  /** True when the Job needs this peer's work no more. */
  over(): boolean
  /** True where this peer computes nothing more of it, and stays in a paid Job for what is left to settle or to refund. */
  idle(): boolean
  /** Ids of `convict` duties that the chain has taken. */
  readonly convicted: ReadonlySet<string>
  leave(): Promise<void>
}

/** What a peer has in its hands when it has joined; the membership closes it. */
export interface JoinedJob {
  job: LoadedJob
  outlook: JobOutlook
  channel: Channel<JobMessage>
  activity: MacroActivity
}

/** Begins its duties. */
export function createMembership(components: MembershipComponents, joined: JoinedJob, options: MembershipOptions): JobMembership {
  return new Membership(components, joined, options)
}

/** True where the escrow was read, and has nothing to pay nor to give back. */
function holdsNothing(view: JobView): boolean {
  return isEscrowClosed(view) || view.escrow?.state === 'absent'
}

class Membership implements JobMembership {
  readonly job: LoadedJob
  readonly convicted = new Set<string>()
  readonly #components: MembershipComponents
  readonly #outlook: JobOutlook
  readonly #channel: Channel<JobMessage>
  readonly #activity: MacroActivity
  readonly #turn: MacroTurn
  readonly #options: MembershipOptions
  readonly #left = new AbortController()
  readonly #duties: Promise<void>
  readonly #reports: ReportWatch
  #completed = 0
  #hasToldOfCancel = false

  constructor(components: MembershipComponents, { job, outlook, channel, activity }: JoinedJob, options: MembershipOptions) {
    this.job = job
    this.#components = components
    this.#outlook = outlook
    this.#channel = channel
    this.#activity = activity
    this.#options = options
    outlook.onChange(() => {
      this.#noteCancel()
      options.onChange?.()
    })
    const { clock, logger, blocks, signer, board, verify, self } = components
    const onFound = () => options.onChange?.()
    const { session, info, providers } = job
    this.#turn = createMacroTurn({ self, clock, activity, alive: () => this.#alive() }, session, info)
    this.#reports = createReportWatch({ self, logger, blocks, clock, verify }, session, info, { providers, onFound })
    const patience = { ...DEFAULT_PATIENCE, ...options.patience }
    const keeper = {
      work: components,
      escrow: components.escrow,
      finalizer: { blocks, signer, board },
      clock,
      logger,
      alive: (peer: PeerId) => this.#alive().has(peer),
      findings: () => ({ reported: this.#reports.holds() }),
      convicted: this.convicted,
    }
    this.#duties = keepDuties(keeper, job, patience, { signal: this.#left.signal })
  }

  over = () => {
    const state = this.#outlook.state()
    const { info, session } = this.job
    // Of a paid Job that cannot be done, or not any more, what is agreed is still to be paid, and the rest to be given back.
    if ((state === 'failed' || state === 'expired') && isPaid(info)) return holdsNothing(session.view)
    return state === 'finished' ? this.#reports.holds() : hasEnded({ state })
  }

  /** The operator may wonder why this peer goes on. */
  #noteCancel() {
    const { session, info, jobId } = this.job
    const { view } = session
    if (this.#hasToldOfCancel || !isPaid(info) || !wantsToCancel(view) || isEscrowClosed(view)) return
    this.#hasToldOfCancel = true
    this.#components.logger.info('goes on: the requester calls a paid Job off, and its escrow does not', {
      jobId,
      escrow: view.escrow?.state,
    })
  }

  idle = () => {
    const { complaints, escrow } = this.job.session.view
    return this.#outlook.isOver() || complaints.has(this.#components.self) || escrow?.closing === true
  }

  async work({ stop, signal }: Required<Abortable> & { stop: AbortSignal }): Promise<boolean> {
    if (this.idle()) return false
    const choice = this.#turn.choose()
    if (choice === undefined) return false
    if (await this.#turn.comes(choice, stop)) await this.#workOn(choice, stop, signal)
    return true
  }

  async leave(): Promise<void> {
    this.#left.abort()
    this.#outlook.close()
    await this.#duties
    await this.#reports.stop()
    await this.#channel.close()
    await this.job.session.close()
  }

  #alive(): Set<PeerId> {
    return new Set([this.#components.self, ...this.#channel.peers()])
  }

  async #workOn(choice: OpenMacroJob, stop: AbortSignal, signal: AbortSignal): Promise<void> {
    const { macro } = choice
    const { logger, clock, self } = this.#components
    await this.#activity.enter(macro)
    const { chunk, attempt } = this.#attemptOf(macro)
    logger.debug('working on a MacroJob', { jobId: this.job.jobId, macro, chunk, attempt })
    const init = { processors: this.#activity.processors(macro), elsewhere: () => this.#turn.choose(macro) !== undefined }
    const queue = await openWorkQueue(this.#components, this.job, choice, init, { signal })
    // A Job that is called off, given up, or late needs no more MicroJobs.
    const over = new AbortController()
    const unfollow = this.#outlook.onChange(() => this.#outlook.isOver() && over.abort())
    try {
      const onCompleted = (macro: number, micro: number, deviceMs: number) => this.#onCompleted(macro, micro, deviceMs)
      await workOffMacroJob(this.#components, this.job, choice, queue, {
        signal,
        stop: AbortSignal.any([stop, over.signal]),
        clock,
        self,
        onCompleted,
      })
    } catch (error) {
      await this.#complain(macro, error, signal)
    } finally {
      unfollow()
      await queue.close()
      await this.#activity.leave(macro).catch(() => {})
    }
  }

  #attemptOf(macro: number) {
    const chunk = chunkOf(this.job.info, macro)
    return { chunk, attempt: chunkState(this.job.session.view, this.job.info, chunk).current?.attempt }
  }

  #onCompleted(macro: number, micro: number, deviceMs: number) {
    const { board } = this.#components
    const { slicing } = this.job.info
    this.#options.onCompleted?.(this.job.jobId, macro, micro, deviceMs)
    this.#completed++
    // One count a MacroJob's worth of work: message count is the cost (NETWORK.md).
    if (this.#completed % slicing.microJobs !== 0) return
    const { processed, total } = progressOf(this.job.session.view).microJobs
    board.completed(this.job.jobId, processed, total).catch(() => {})
  }

  async #complain(macro: number, error: unknown, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw error
    const reason: RecordOf<'complaint'>['reason'] | undefined = complaintOf(error)
    // What says nothing about the Job is this peer's own trouble: the caller pauses, and others go on.
    if (reason === undefined) throw error
    this.#components.logger.warn('gave up a Job', { jobId: this.job.jobId, macro, reason, error })
    await this.job.session.append({ kind: 'complaint', reason, macro, micro: 0 })
  }
}
