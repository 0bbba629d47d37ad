import { chunkState } from '../job/chunk.ts'
import { CLOCK_TOLERANCE_MS } from '../job/deadline.ts'
import { isEscrowClosed } from '../job/escrow-facts.ts'
import type { JobId } from '../job/ids.ts'
import type { JobInfo } from '../job/info.ts'
import { type ChosenMacroJob, chooseMacroJob, type OpenMacroJob } from '../job/macro-choice.ts'
import { DEFAULT_PATIENCE, type Patience } from '../job/patience.ts'
import { isPaid } from '../job/payment.ts'
import { hasEnded, progressOf } from '../job/progress.ts'
import type { JobRecord, RecordOf } from '../job/records.ts'
import { chunkOf, type JobView, wantsToCancel } from '../job/view.ts'
import type { Logger } from '../log.ts'
import type { Abortable, Blocks, Channel, Channels, Clock, Compute, PeerId, Signer, Vault, VerifySignature } from '../ports.ts'
import { type JobMessage, type JobNotice, jobCodec } from '../protocol/messages.ts'
import { jobTopic } from '../protocol/topics.ts'
import { complaintOf } from './complaints.ts'
import { keepDuties } from './duty-keeper.ts'
import { JobRefusedError } from './errors.ts'
import { refusesEscrow } from './escrow-entry.ts'
import type { EscrowComponents } from './escrow-worker.ts'
import { createJobOutlook, type JobOutlook } from './job-outlook.ts'
import type { JobSession } from './job-session.ts'
import type { JobSessions } from './job-sessions.ts'
import type { JobsBoard } from './jobs-board.ts'
import { type LoadedJob, loadJob } from './loaded-job.ts'
import { createMacroActivity, type MacroActivity } from './macro-activity.ts'
import { workOffMacroJob } from './macro-worker.ts'
import { isLost } from './patient-fetch.ts'
import type { QueueSnapshots } from './queue-snapshots.ts'
import { createReportWatch, type ReportWatch } from './report-watch.ts'
import { openWorkQueue } from './work-queue.ts'

/** The seed's eleven: ten processors of a MacroJob and the one that validates. */
const MAX_PROCESSORS = 10
/** How long a newcomer waits for the Job's description to arrive from its holders. */
const INFO_TIMEOUT_MS = 20_000
/** … of which so long for its first records, from a holder or by gossip: a Job that is announced and not there must not cost more. */
const FIRST_CONTACT_MS = 4000
/** A holder that has sent nothing by then is not waited for: the next is asked, too. */
const HOLDER_TURN_MS = 2000
/** Answers to "which MacroJobs are open" come within a round trip; a second on a slow link. */
const ACTIVITY_WAIT_MS = 60
/** How long each peer of an earlier rank has to say that it opens a MacroJob: a message across a continent. */
const TURN_MS = 150
const MAX_TURNS = 4

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

/** Joins the Job's channel, syncs its log, fetches its program, and writes that this peer takes part. */
export async function joinJob(
  components: MembershipComponents,
  notice: JobNotice,
  options: MembershipOptions = {},
): Promise<JobMembership> {
  const { sessions, channels, self, compute, wallet, certificate, clock, unixMs } = components
  const jobId = notice.jobId as JobId
  const meetAt = notice.holders.filter((peer) => peer !== self)
  const signal = AbortSignal.any([AbortSignal.timeout(INFO_TIMEOUT_MS), ...(options.signal ? [options.signal] : [])])
  const session = await sessions.open(jobId, { meetAt, signal })
  const outlook = createJobOutlook(session, { clock, unixMs, toleranceMs: CLOCK_TOLERANCE_MS })
  let channel: Channel<JobMessage> | undefined
  try {
    await hearDescription(session, meetAt, signal)
    const info = session.view.info as JobInfo
    const refusal = components.refuses?.(info) ?? (await refusesEscrow(components.escrow, info, jobId, { signal }))
    if (refusal !== undefined) throw new JobRefusedError(jobId, refusal)
    if (outlook.isOver()) throw new JobRefusedError(jobId, `one that is ${outlook.state()}`, outlook.state() !== 'failed')
    const spec = { topic: jobTopic(jobId), maxBytes: jobCodec.maxBytes, encode: jobCodec.encode, decode: jobCodec.decode }
    const joined = await channels.join<JobMessage>(spec, { meetAt, signal })
    channel = joined
    const providers = () => [...new Set([...meetAt, ...joined.peers(), info.requester])].filter((peer) => peer !== self)
    const { fingerprint } = await compute.device()
    const presence: JobRecord = { kind: 'peer', wallet, certificate, fingerprint }
    // The requester promised nothing: it may leave when the Job is placed.
    const holders = meetAt.filter((peer) => peer !== info.requester)
    const job = await loadJob(components, session, info, { providers, holders }, { signal }).catch(async (error: unknown) => {
      // A Job whose code is lost must end: who cannot even begin says so.
      const codeIsLost = complaintOf(error) === 'data' && isLost(error, holders)
      if (codeIsLost) await session.append(presence, { kind: 'complaint', reason: 'data', macro: 0, micro: 0 })
      throw error
    })
    await session.append(presence)
    const activity = createMacroActivity(joined)
    await activity.ask()
    await clock.sleep(ACTIVITY_WAIT_MS, { signal })
    return new Membership(components, job, outlook, joined, activity, options)
  } catch (error) {
    // A topic has one member a peer: left open, it would keep this one from ever trying again.
    await channel?.close()
    outlook.close()
    if (await session.forget()) await components.blocks.release(jobId)
    throw error
  }
}

/** Syncs with the first holder that answers. Rejects where the description has not come after FIRST_CONTACT_MS. */
async function hearDescription(session: JobSession, holders: readonly PeerId[], signal: AbortSignal): Promise<void> {
  const isDescribed = (view: JobView) => view.info !== undefined
  const contact = AbortSignal.any([signal, AbortSignal.timeout(FIRST_CONTACT_MS)])
  const described = session.until(isDescribed, { signal: contact })
  described.catch(() => {})
  for (const holder of holders) {
    const synced = session.log.syncWith(holder, { signal }).then(
      () => true,
      () => false,
    )
    const turn = AbortSignal.any([contact, AbortSignal.timeout(HOLDER_TURN_MS)])
    const heard = session.until(isDescribed, { signal: turn }).catch(() => {})
    await Promise.race([synced, heard])
    // What has begun to come may take as long as joining may.
    if (isDescribed(session.view) && (await synced)) break
    if (contact.aborted) break
  }
  await described
}

class Membership implements JobMembership {
  readonly job: LoadedJob
  readonly convicted = new Set<string>()
  readonly #components: MembershipComponents
  readonly #outlook: JobOutlook
  readonly #channel: Channel<JobMessage>
  readonly #activity: MacroActivity
  readonly #options: MembershipOptions
  readonly #left = new AbortController()
  readonly #duties: Promise<void>
  readonly #reports: ReportWatch
  #completed = 0
  #hasToldOfCancel = false

  constructor(
    components: MembershipComponents,
    job: LoadedJob,
    outlook: JobOutlook,
    channel: Channel<JobMessage>,
    activity: MacroActivity,
    options: MembershipOptions,
  ) {
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
    // Of a paid Job that cannot be done, what is agreed is still to be paid, and the rest to be given back.
    if (state === 'failed' && isPaid(info)) return isEscrowClosed(session.view)
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
    const choice = this.#choose()
    if (choice === undefined) return false
    if (await this.#stillFree(choice, stop)) await this.#workOn(choice, stop, signal)
    return true
  }

  /** Lets those with the first word open the MacroJob: two that begin at once leave no third to judge them. */
  async #stillFree({ macro, rank }: ChosenMacroJob, stop: AbortSignal): Promise<boolean> {
    if (rank === 0 || this.#activity.active().has(macro)) return true
    await this.#components.clock.sleep(Math.min(rank, MAX_TURNS) * TURN_MS, { signal: stop }).catch(() => {})
    return !stop.aborted && !this.#activity.active().has(macro)
  }

  #choose(except?: number): ChosenMacroJob | undefined {
    const { self } = this.#components
    const { session, info } = this.job
    const input = {
      self,
      alive: this.#alive(),
      active: this.#activity.active(),
      maxProcessors: MAX_PROCESSORS,
      ...(except !== undefined && { except }),
    }
    return chooseMacroJob(session.view, info, input)
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
    const init = { processors: this.#activity.processors(macro), elsewhere: () => this.#choose(macro) !== undefined }
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
