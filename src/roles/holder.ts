import { CLOCK_TOLERANCE_MS } from '../job/deadline.ts'
import { isJobId, type JobId } from '../job/ids.ts'
import type { JobInfo } from '../job/info.ts'
import { openMacroJobs } from '../job/macro-choice.ts'
import { isPaid, isPaidBy, paidPriceOf } from '../job/payment.ts'
import { hasEnded, progressOf, type Standpoint } from '../job/progress.ts'
import type { JobView } from '../job/view.ts'
import type { Logger } from '../log.ts'
import type { Blocks, Chain, Clock, PeerId, Replica, StreamSpec, Streams } from '../ports.ts'
import { type HoldReply, holdReplyCodec, holdRequestCodec, type JobNotice } from '../protocol/messages.ts'
import { givingWay, type Held } from './held-jobs.ts'
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
  blocks: Blocks
  streams: Streams
  board: JobsBoard
  /** Paid Jobs of its escrow are held; of no other can be told which results count. */
  chain?: Pick<Chain, 'chainId' | 'escrow'> | undefined
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

export interface HolderInit {
  /** Open Jobs held at once; as many that are over stay besides, for those that fetch their results. @default 256 */
  maxJobs?: number
  /** Open Jobs of one requester, or brought by one peer. @default 64 */
  maxJobsOfPeer?: number
  /** The most data one Job may bring. @default 4 GiB */
  maxDataBytes?: number
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
  const holder = new RunningHolder(components, { maxJobs: 256, maxJobsOfPeer: 64, maxDataBytes: 4 * 1024 ** 3, ...init })
  await holder.start()
  return holder
}

/** A request under way, and whose it is. */
interface Taking {
  jobId: JobId
  from: PeerId
}

class RunningHolder implements Holder {
  readonly #components: HolderComponents
  readonly #init: Required<HolderInit>
  /** Oldest first. */
  readonly #held = new Map<JobId, Held>()
  readonly #taking = new Set<Taking>()
  readonly #stop = new AbortController()
  #unserve = async () => {}
  /** Strangers may ask without end; the operator reads it once. */
  #hasToldOfChain = false

  constructor(components: HolderComponents, init: Required<HolderInit>) {
    this.#components = components
    this.#init = init
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
  }

  async stop() {
    if (this.#stop.signal.aborted) return
    this.#stop.abort()
    await this.#unserve()
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
        await this.#keep(session, [info.requester])
      }
    } catch (error) {
      await session.close()
      throw error
    }
  }

  /** By this machine's clock, with the tolerance for those that are fast. */
  // What it holds is looked at as long as it lasts (job-outlook.ts), and a doubt is none yet.
  #standpoint = () => ({ graceOver: false, unixMs: (this.#components.unixMs ?? Date.now)() - CLOCK_TOLERANCE_MS })
  #progress = ({ view }: JobSession) => progressOf(view, this.#standpoint())

  async *#serve(request: Uint8Array, from: PeerId, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const { jobId } = holdRequestCodec.decode(request)
    const reply = (message: HoldReply) => holdReplyCodec.encode(message)
    if (!isJobId(jobId)) return yield reply({ type: 'refused', code: 'invalid' })
    const code = this.#refusal(jobId, from)
    if (code !== undefined) return yield reply({ type: 'refused', code })
    const taking = { jobId, from }
    this.#taking.add(taking)
    try {
      yield reply({ type: 'progress', doneBytes: 0 })
      yield reply(await this.#hold(taking, AbortSignal.any([signal, this.#stop.signal])))
    } catch (error) {
      this.#components.logger.warn('could not hold a Job', { jobId, from, error })
      yield reply({ type: 'refused', code: 'unreachable' })
    } finally {
      this.#taking.delete(taking)
    }
  }

  /** Requests under way count as Jobs held, so that none is fetched in vain. */
  #refusal(jobId: JobId, from: PeerId): 'busy' | 'full' | undefined {
    const taking = [...this.#taking]
    const ofPeer = taking.filter((each) => each.from === from).length
    if (ofPeer >= MAX_TAKING_OF_PEER || taking.length >= MAX_TAKING) return 'busy'
    if (this.#held.has(jobId)) return undefined
    if (this.#openJobs().length + taking.length >= this.#init.maxJobs) return 'full'
    return this.#openJobsOf(from) + ofPeer >= this.#init.maxJobsOfPeer ? 'full' : undefined
  }

  #openJobs = () => [...this.#held.values()].filter(({ mirror }) => !mirror.isOver())
  #openJobsOf = (peer: PeerId) => this.#openJobs().filter(({ owners }) => owners.includes(peer)).length

  /** Fetches and checks first; what is refused, or fails, leaves nothing behind. */
  async #hold({ jobId, from }: Taking, signal: AbortSignal): Promise<HoldReply> {
    const session = await this.#components.sessions.open(jobId, { meetAt: [from], signal })
    try {
      const reply = await this.#fetch(session, from, signal)
      if (reply.type === 'held') {
        await this.#keep(session, [(session.view.info as JobInfo).requester, from])
        return reply
      }
      await this.#undo(session)
      return reply
    } catch (error) {
      await this.#undo(session)
      throw error
    }
  }

  async #fetch(session: JobSession, from: PeerId, signal: AbortSignal): Promise<HoldReply> {
    const { jobId } = session
    // Whoever has nothing to describe must not keep this place for as long as data may take.
    const soon = AbortSignal.any([signal, AbortSignal.timeout(DESCRIPTION_TIMEOUT_MS)])
    const described = session.until((view) => view.info !== undefined, { signal: soon })
    await Promise.all([described, session.log.syncWith(from, { signal })])
    const info = session.view.info as JobInfo
    if (this.#progress(session).state === 'expired') return { type: 'refused', code: 'invalid' }
    if (!this.#knowsWhatCounts(info)) return { type: 'refused', code: 'no-chain' }
    const bytes = info.code.bytes + (info.data?.bytes ?? 0)
    if (bytes > this.#init.maxDataBytes) return { type: 'refused', code: 'too-large' }
    if (!this.#held.has(jobId) && this.#openJobsOf(info.requester) >= this.#init.maxJobsOfPeer) return { type: 'refused', code: 'full' }
    const { blocks, board, logger } = this.#components
    // Published data may lie with others than the requester.
    const options = { signal, providers: [...new Set([from, ...board.peers()])], owner: jobId, maxBytes: this.#init.maxDataBytes }
    await blocks.fetch(info.code.cid, options)
    if (info.data !== null) await blocks.fetch(info.data.cid, options)
    await this.#announce(session, [from])
    logger.info('holds a Job', { jobId, name: info.name, bytes })
    return { type: 'held', bytes }
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
  async #keep(session: JobSession, owners: PeerId[]) {
    const { jobId } = session
    if (this.#stop.signal.aborted || this.#held.has(jobId)) return session.close()
    const { clock, unixMs, board } = this.#components
    const outlook = createJobOutlook(session, { clock, unixMs, toleranceMs: CLOCK_TOLERANCE_MS })
    const mirror = createMirror({ ...this.#components, outlook }, session, { onOver: () => board.drop(jobId) })
    this.#held.set(jobId, { session, mirror, owners })
    for (const held of givingWay(this.#held, this.#init.maxJobs)) await this.#drop(held)
  }

  async #drop({ session, mirror }: Held) {
    this.#held.delete(session.jobId)
    await mirror.stop()
    await this.#undo(session)
    this.#components.logger.info('gave up a Job that is over, for a newer one', { jobId: session.jobId })
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

/** The notice of a Job that still wants peers; undefined where it is over, or not yet known. */
export function noticeOf(view: JobView, holders: readonly PeerId[], standpoint: Standpoint = {}): JobNotice | undefined {
  const { info, jobId } = view
  const { state } = progressOf(view, standpoint)
  if (info === undefined || (state !== 'open' && state !== 'agreed')) return undefined
  const openMicroJobs = [...openMacroJobs(view, info)].reduce((sum, { open }) => sum + open.length, 0)
  return { jobId, unitPriceWei: String(paidPriceOf(info)), openMicroJobs, holders: [...new Set(holders)].slice(0, 8) }
}
