import { CLOCK_TOLERANCE_MS } from '../job/deadline.ts'
import { isJobId, type JobId } from '../job/ids.ts'
import type { JobInfo } from '../job/info.ts'
import { openMacroJobs } from '../job/macro-choice.ts'
import { isPaid, isPaidBy, paidPriceOf } from '../job/payment.ts'
import { hasEnded, progressOf, type Standpoint } from '../job/progress.ts'
import type { JobView } from '../job/view.ts'
import type { Logger } from '../log.ts'
import type { Blocks, Chain, Clock, PeerId, Replica, StreamSpec, Streams, Vault } from '../ports.ts'
import { type HoldReply, holdReplyCodec, holdRequestCodec, type JobNotice } from '../protocol/messages.ts'
import { givingWay, type Held } from './held-jobs.ts'
import {
  type FullReason,
  isQuiet,
  MAX_OPEN_JOBS,
  MAX_OPEN_JOBS_OF_NETWORK,
  MAX_OPEN_JOBS_OF_PEER,
  type Place,
  sizeOfJob,
} from './held-places.ts'
import { type Asking, createHoldLedger, type HoldLedger, type Pinner } from './hold-ledger.ts'
import { createMirror } from './job-mirror.ts'
import { createJobOutlook } from './job-outlook.ts'
import type { JobSession } from './job-session.ts'
import type { JobSessions } from './job-sessions.ts'
import type { JobsBoard } from './jobs-board.ts'

/** Ten minutes bring 40 GiB over a 1 Gbit/s line, and end a requester that stalls. */
export const HOLD_SPEC: StreamSpec = {
  protocol: '/minga/hold/1',
  maxRequestBytes: holdRequestCodec.maxBytes,
  maxFrameBytes: holdReplyCodec.maxBytes,
  maxResponseBytes: 1024 * 1024,
  idleTimeoutMs: 30_000,
  totalTimeoutMs: 600_000,
  maxConcurrent: 4,
}

export interface HolderComponents {
  self: PeerId
  sessions: JobSessions
  replica: Replica
  blocks: Blocks & { owners?(): Promise<readonly Pinner[]> }
  streams: Streams
  board: JobsBoard
  /** Paid Jobs of its escrow are held; of no other can be told which results count. */
  chain?: Pick<Chain, 'chainId' | 'escrow'> | undefined
  /** Where it keeps who brought a Job, and when the Job last moved. */
  vault: Vault
  /** The network that a connected peer comes from (network/subnets.ts). @default unknown */
  networkOf?: (peer: PeerId) => string | undefined
  /** Takes what has been let go, and the oldest Jobs that are over, off a disk that is full. */
  collect?: () => Promise<unknown>
  clock: Clock
  /** Unix time in milliseconds. @default the system's */
  unixMs?: () => number
  logger: Logger
}

/** Requests to hold a Job that are under way: of one peer (a requester places one Job after another), and in all. */
const MAX_TAKING_OF_PEER = 2
const MAX_TAKING = 32
/** The description is the first record of a Job's log. */
const DESCRIPTION_TIMEOUT_MS = 10_000
/** Jobs that have stood still are looked for so often: it is a matter of days. */
const LOOK_FOR_QUIET_MS = 3_600_000

export interface HolderInit {
  /** Open Jobs held at once; as many that are over stay besides, for those that fetch their results. @default 256 */
  maxJobs?: number
  /** Open Jobs of one requester, or brought by one peer. @default 16 */
  maxJobsOfPeer?: number
  /** Open Jobs brought from one network. @default 32 */
  maxJobsOfNetwork?: number
  /** The most data one Job may bring. @default 4 GiB */
  maxDataBytes?: number
  /** The most that open Jobs may come to, with the results they will have. @default without limit */
  maxBytes?: number
}

const DEFAULTS = {
  maxJobs: MAX_OPEN_JOBS,
  maxJobsOfPeer: MAX_OPEN_JOBS_OF_PEER,
  maxJobsOfNetwork: MAX_OPEN_JOBS_OF_NETWORK,
  maxDataBytes: 4 * 1024 ** 3,
  maxBytes: Number.POSITIVE_INFINITY,
}

/**
 * Keeps Jobs for requesters who leave (seeds/001 "Job Placement" 5): log, code and data at once, results as they are agreed. Bootstrap nodes are
 * holders, and so may any peer be.
 */
export interface Holder {
  jobs(): JobId[]
  stop(): Promise<void>
}

export async function createHolder(components: HolderComponents, init: HolderInit = {}): Promise<Holder> {
  const holder = new RunningHolder(components, { ...DEFAULTS, ...init })
  await holder.start()
  return holder
}

type Refusal = Extract<HoldReply, { type: 'refused' }>

class RunningHolder implements Holder {
  readonly #components: HolderComponents
  readonly #init: Required<HolderInit>
  /** Oldest first. */
  readonly #held = new Map<JobId, Held>()
  readonly #taking = new Set<Asking>()
  readonly #ledger: HoldLedger
  /** The one Job that is fetched onto a full disk, before room is made for it. */
  #squeezing: Asking | undefined
  #looking = Promise.resolve()
  readonly #stop = new AbortController()
  #unserve = async () => {}
  /** Strangers may ask without end; the operator reads it once. */
  #hasToldOfChain = false

  constructor(components: HolderComponents, init: Required<HolderInit>) {
    this.#components = components
    this.#init = init
    this.#ledger = createHoldLedger({ networkOf: () => undefined, ...components, unixMs: this.#unixMs }, init)
  }

  jobs = () => [...this.#held.keys()]

  async start() {
    const { replica, streams, logger } = this.#components
    for (const jobId of await replica.jobs()) {
      if (!isJobId(jobId)) continue
      await this.#resume(jobId).catch((error: unknown) => logger.warn('could not take up a Job again', { jobId, error }))
    }
    const handle = (request: Uint8Array, { from, signal }: { from: PeerId; signal: AbortSignal }) => this.#serve(request, from, signal)
    this.#unserve = await streams.serve(HOLD_SPEC, handle)
    this.#looking = this.#lookForQuiet().catch(() => {})
  }

  async stop() {
    if (this.#stop.signal.aborted) return
    this.#stop.abort()
    await this.#unserve()
    await this.#looking
    for (const { session, mirror } of this.#held.values()) {
      await mirror.stop()
      await session.close()
    }
    this.#held.clear()
  }

  async #resume(jobId: JobId) {
    const { sessions, logger } = this.#components
    const session = await sessions.open(jobId, { meetAt: [], signal: this.#stop.signal })
    try {
      const { info } = session.view
      if (info === undefined) {
        logger.info('drops a Job that nobody has described', { jobId })
        await session.forget()
      } else if (!hasEnded(this.#progress(session)) && this.#openJobs().length >= this.#init.maxJobs) {
        logger.warn('holds no more Jobs; one of an earlier run is left on the disk', { jobId, maxJobs: this.#init.maxJobs })
        await session.close()
      } else {
        await this.#announce(session, [])
        await this.#keep(session, await this.#ledger.read(jobId, info))
      }
    } catch (error) {
      await session.close()
      throw error
    }
  }

  /** By this machine's clock, with the tolerance for those that are fast. */
  // What it holds is looked at as long as it lasts (job-outlook.ts), and a doubt is none yet.
  #standpoint = () => ({ graceOver: false, unixMs: this.#unixMs() - CLOCK_TOLERANCE_MS })
  #unixMs = () => (this.#components.unixMs ?? Date.now)()
  #progress = ({ view }: JobSession) => progressOf(view, this.#standpoint())

  async *#serve(request: Uint8Array, from: PeerId, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const { jobId } = holdRequestCodec.decode(request)
    const reply = (message: HoldReply) => holdReplyCodec.encode(message)
    if (!isJobId(jobId)) return yield reply({ type: 'refused', code: 'invalid' })
    if (this.#isBusy(from)) return yield reply({ type: 'refused', code: 'busy' })
    const taking: Asking = { jobId, from }
    this.#taking.add(taking)
    try {
      const way = await this.#wayFor(taking)
      if (typeof way === 'string') return yield reply({ type: 'refused', code: 'full', reason: way })
      yield reply({ type: 'progress', doneBytes: 0 })
      yield reply(await this.#hold(taking, AbortSignal.any([signal, this.#stop.signal])))
    } catch (error) {
      this.#components.logger.warn('could not hold a Job', { jobId, from, error })
      yield reply({ type: 'refused', code: 'unreachable' })
    } finally {
      this.#taking.delete(taking)
    }
  }

  #isBusy(from: PeerId): boolean {
    const ofPeer = [...this.#taking].filter((each) => each.from === from).length
    return ofPeer >= MAX_TAKING_OF_PEER || this.#taking.size >= MAX_TAKING
  }

  /** Requests under way count as Jobs held, so that none is fetched in vain. */
  async #wayFor(asking: Asking): Promise<Held[] | FullReason> {
    if (this.#held.has(asking.jobId)) return []
    const way = await this.#ledger.admit(this.#held.values(), asking, this.#taking)
    if (typeof way === 'string') this.#components.logger.info('refuses a Job', { jobId: asking.jobId, from: asking.from, reason: way })
    return way
  }

  #openJobs = () => [...this.#held.values()].filter(({ mirror }) => !mirror.isOver())

  /** Fetches and checks first; what is refused, or fails, leaves nothing behind. */
  async #hold(asking: Asking, signal: AbortSignal): Promise<HoldReply> {
    const { jobId, from } = asking
    const session = await this.#components.sessions.open(jobId, { meetAt: [from], signal })
    try {
      const refused = (await this.#fetch(session, asking, signal)) ?? (await this.#place(session, asking))
      if (refused === undefined) return { type: 'held', bytes: dataBytesOf(session.view.info as JobInfo) }
      await this.#undo(session)
      return refused
    } catch (error) {
      await this.#undo(session)
      throw error
    } finally {
      if (this.#squeezing === asking) this.#squeezing = undefined
    }
  }

  /** Puts a Job that is here in its place; those that it takes the place of go, now that it has brought what it promised. */
  async #place(session: JobSession, asking: Asking): Promise<Refusal | undefined> {
    const { collect, logger } = this.#components
    const { jobId, from } = asking
    const info = session.view.info as JobInfo
    if (!this.#held.has(jobId)) {
      const way = await this.#wayFor(asking)
      if (typeof way === 'string') return { type: 'refused', code: 'full', reason: way }
      for (const held of way) await this.#drop(held, 'gave up an open Job: whoever brought it has more than others')
      if (this.#squeezing === asking) await collect?.()
    }
    await this.#announce(session, [from])
    logger.info('holds a Job', { jobId, name: info.name, bytes: dataBytesOf(info) })
    if (this.#held.has(jobId)) await session.close()
    else await this.#keep(session, await this.#ledger.enter({ ...asking, info }))
    return undefined
  }

  async #fetch(session: JobSession, asking: Asking, signal: AbortSignal): Promise<Refusal | undefined> {
    const { jobId, from } = asking
    // Whoever has nothing to describe must not keep this place for as long as data may take.
    const soon = AbortSignal.any([signal, AbortSignal.timeout(DESCRIPTION_TIMEOUT_MS)])
    const described = session.until((view) => view.info !== undefined, { signal: soon })
    await Promise.all([described, session.log.syncWith(from, { signal })])
    const info = session.view.info as JobInfo
    if (this.#progress(session).state === 'expired') return { type: 'refused', code: 'invalid' }
    if (!this.#knowsWhatCounts(info)) return { type: 'refused', code: 'no-chain' }
    if (dataBytesOf(info) > this.#init.maxDataBytes) return { type: 'refused', code: 'too-large' }
    asking.info = info
    const way = await this.#wayFor(asking)
    if (typeof way === 'string') return { type: 'refused', code: 'full', reason: way }
    if (!this.#held.has(jobId) && (await this.#ledger.isTight(info))) {
      // Claims cost nothing: nobody's results, nor places, are given up before the bytes are here. So the disk is passed by one Job's data at most.
      if (this.#squeezing !== undefined) return { type: 'refused', code: 'busy' }
      this.#squeezing = asking
    }
    const { blocks, board } = this.#components
    // Published data may lie with others than the requester.
    const options = { signal, providers: [...new Set([from, ...board.peers()])], owner: jobId }
    // Room was counted for what the description says, and for no more.
    for (const { cid, bytes: maxBytes } of sizeOfJob(info).files) await blocks.fetch(cid, { ...options, maxBytes })
    return undefined
  }

  /** A result that was paid for, and lies with nobody but peers that may leave, is worse than a refusal while its requester is there to hear it. */
  #knowsWhatCounts(info: JobInfo): boolean {
    const { chain, logger } = this.#components
    if (!isPaid(info) || (chain !== undefined && isPaidBy(info.payment, chain))) return true
    const { chainId, escrow } = info.payment
    const level = this.#hasToldOfChain ? 'debug' : 'warn'
    this.#hasToldOfChain = true
    logger[level]('refuses to hold paid Jobs of a chain that it was not given (--chain-file)', { chainId, escrow })
    return false
  }

  /** Takes the session over. */
  async #keep(session: JobSession, place: Place) {
    const { jobId } = session
    if (this.#stop.signal.aborted || this.#held.has(jobId)) return session.close()
    const { clock, unixMs, board } = this.#components
    const outlook = createJobOutlook(session, { clock, unixMs, toleranceMs: CLOCK_TOLERANCE_MS })
    const mirror = createMirror({ ...this.#components, outlook }, session, { onOver: () => board.drop(jobId) })
    this.#held.set(jobId, { session, mirror, place })
    session.log.onEntries(() => {
      if (this.#held.get(jobId)?.place === place) this.#ledger.moved(jobId, place)
    })
    for (const held of givingWay(this.#held, this.#init.maxJobs)) await this.#drop(held, 'gave up a Job that is over, for a newer one')
  }

  async #drop({ session, mirror }: Held, why: string) {
    const { jobId } = session
    if (!this.#held.delete(jobId)) return
    this.#components.board.drop(jobId)
    await mirror.stop()
    await this.#undo(session)
    await this.#ledger.drop(jobId)
    this.#components.logger.info(why, { jobId })
  }

  async #lookForQuiet() {
    const { clock } = this.#components
    const { signal } = this.#stop
    while (!signal.aborted) {
      // After a start first of all the others tell what came while it was away.
      await clock.sleep(LOOK_FOR_QUIET_MS, { signal })
      const isGone = ({ session, place }: Held) => isQuiet(place, session.view.info as JobInfo, this.#unixMs())
      for (const held of this.#openJobs().filter(isGone)) await this.#drop(held, 'gave up an open Job: nothing new of it has come for days')
    }
  }

  /** What another request still needs, or was held before, stays. */
  async #undo(session: JobSession) {
    if (await session.forget()) await this.#components.blocks.release(session.jobId)
  }

  async #announce({ view }: JobSession, others: PeerId[]) {
    const notice = noticeOf(view, [this.#components.self, ...others], this.#standpoint())
    if (notice !== undefined) await this.#components.board.announce(notice)
  }
}

const dataBytesOf = ({ code, data }: JobInfo) => code.bytes + (data?.bytes ?? 0)

/** The notice of a Job that still wants peers; undefined where it is over, or not yet known. */
export function noticeOf(view: JobView, holders: readonly PeerId[], standpoint: Standpoint = {}): JobNotice | undefined {
  const { info, jobId } = view
  const { state } = progressOf(view, standpoint)
  if (info === undefined || (state !== 'open' && state !== 'agreed')) return undefined
  const openMicroJobs = [...openMacroJobs(view, info)].reduce((sum, { open }) => sum + open.length, 0)
  return { jobId, unitPriceWei: String(paidPriceOf(info)), openMicroJobs, holders: [...new Set(holders)].slice(0, 8) }
}
