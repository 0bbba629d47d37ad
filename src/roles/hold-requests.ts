import { isJobId } from '../job/ids.ts'
import type { JobInfo } from '../job/info.ts'
import { isPaid, isPaidBy } from '../job/payment.ts'
import type { Logger } from '../log.ts'
import type { Blocks, Chain, PeerId } from '../ports.ts'
import { type HoldReply, holdReplyCodec, holdRequestCodec } from '../protocol/messages.ts'
import type { Held } from './held-jobs.ts'
import { type FullReason, sizeOfJob } from './held-places.ts'
import type { Asking, HoldLedger } from './hold-ledger.ts'
import type { Holdings } from './holdings.ts'
import type { JobSession } from './job-session.ts'
import type { JobSessions } from './job-sessions.ts'
import type { JobsBoard } from './jobs-board.ts'

/** Requests to hold a Job that are under way: of one peer (a requester places one Job after another), and in all. */
const MAX_TAKING_OF_PEER = 2
const MAX_TAKING = 32
/** The description is the first record of a Job's log. */
const DESCRIPTION_TIMEOUT_MS = 10_000

export interface HoldRequestsComponents {
  holdings: Holdings
  ledger: HoldLedger
  sessions: JobSessions
  blocks: Blocks
  board: Pick<JobsBoard, 'peers'>
  chain?: Pick<Chain, 'chainId' | 'escrow'> | undefined
  collect?: () => Promise<unknown>
  logger: Logger
}

export interface HoldRequestsInit {
  /** The most data one Job may bring. */
  maxDataBytes: number
}

type Refusal = Extract<HoldReply, { type: 'refused' }>

/** Answers those that ask for a Job to be held: fetches and checks it first, then takes it; what is refused, or fails, leaves nothing behind. */
export class HoldRequests {
  readonly #components: HoldRequestsComponents
  readonly #init: HoldRequestsInit
  readonly #taking = new Set<Asking>()
  /** The one Job that is fetched onto a full disk, before room is made for it. */
  #squeezing: Asking | undefined
  /** Strangers may ask without end; the operator reads it once. */
  #hasToldOfChain = false

  constructor(components: HoldRequestsComponents, init: HoldRequestsInit) {
    this.#components = components
    this.#init = init
  }

  /** The replies to one request, in the wire's form. */
  async *answer(request: Uint8Array, from: PeerId, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const { jobId } = holdRequestCodec.decode(request)
    for await (const reply of this.#replies(jobId, from, signal)) yield holdReplyCodec.encode(reply)
  }

  async *#replies(jobId: string, from: PeerId, signal: AbortSignal): AsyncGenerator<HoldReply> {
    if (!isJobId(jobId)) return yield { type: 'refused', code: 'invalid' }
    if (this.#isBusy(from)) return yield { type: 'refused', code: 'busy' }
    const taking: Asking = { jobId, from }
    this.#taking.add(taking)
    try {
      const way = await this.#wayFor(taking)
      if (typeof way === 'string') return yield { type: 'refused', code: 'full', reason: way }
      yield { type: 'progress', doneBytes: 0 }
      yield await this.#hold(taking, signal)
    } catch (error) {
      this.#components.logger.warn('could not hold a Job', { jobId, from, error })
      yield { type: 'refused', code: 'unreachable' }
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
    const { holdings, ledger, logger } = this.#components
    const { jobId, from } = asking
    if (holdings.has(jobId)) return []
    const way = await ledger.admit(holdings.all(), asking, this.#taking)
    if (typeof way === 'string') logger.info('refuses a Job', { jobId, from, reason: way })
    return way
  }

  async #hold(asking: Asking, signal: AbortSignal): Promise<HoldReply> {
    const { holdings, sessions } = this.#components
    const { jobId, from } = asking
    const session = await sessions.open(jobId, { meetAt: [from], signal })
    try {
      const refused = (await this.#fetch(session, asking, signal)) ?? (await this.#place(session, asking))
      if (refused === undefined) return { type: 'held', bytes: dataBytesOf(session.view.info as JobInfo) }
      await holdings.undo(session)
      return refused
    } catch (error) {
      await holdings.undo(session)
      throw error
    } finally {
      if (this.#squeezing === asking) this.#squeezing = undefined
    }
  }

  async #fetch(session: JobSession, asking: Asking, signal: AbortSignal): Promise<Refusal | undefined> {
    await hearDescription(session, asking.from, signal)
    const info = session.view.info as JobInfo
    const unfit = this.#unfit(session, info)
    if (unfit !== undefined) return { type: 'refused', code: unfit }
    asking.info = info
    const way = await this.#wayFor(asking)
    if (typeof way === 'string') return { type: 'refused', code: 'full', reason: way }
    if (!this.#components.holdings.has(asking.jobId) && (await this.#components.ledger.isTight(info))) {
      // Claims cost nothing: nobody's results, nor places, are given up before the bytes are here. So the disk is passed by one Job's data at most.
      if (this.#squeezing !== undefined) return { type: 'refused', code: 'busy' }
      this.#squeezing = asking
    }
    await this.#fetchFiles(info, asking, signal)
    return undefined
  }

  /** Why such a Job is not held, however much room there is. */
  #unfit(session: JobSession, info: JobInfo): Refusal['code'] | undefined {
    if (this.#components.holdings.progress(session).state === 'expired') return 'invalid'
    if (!this.#knowsWhatCounts(info)) return 'no-chain'
    return dataBytesOf(info) > this.#init.maxDataBytes ? 'too-large' : undefined
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

  async #fetchFiles(info: JobInfo, { jobId, from }: Asking, signal: AbortSignal): Promise<void> {
    const { blocks, board } = this.#components
    // Published data may lie with others than the requester.
    const options = { signal, providers: [...new Set([from, ...board.peers()])], owner: jobId }
    // Room was counted for what the description says, and for no more.
    for (const { cid, bytes: maxBytes } of sizeOfJob(info).files) await blocks.fetch(cid, { ...options, maxBytes })
  }

  /** Puts a Job that is here in its place; those that it takes the place of go, now that it has brought what it promised. */
  async #place(session: JobSession, asking: Asking): Promise<Refusal | undefined> {
    const { holdings, ledger, collect, logger } = this.#components
    const { jobId, from } = asking
    const info = session.view.info as JobInfo
    if (!holdings.has(jobId)) {
      const way = await this.#wayFor(asking)
      if (typeof way === 'string') return { type: 'refused', code: 'full', reason: way }
      for (const held of way) await holdings.drop(held, 'gave up an open Job: whoever brought it has more than others')
      if (this.#squeezing === asking) await collect?.()
    }
    await holdings.announce(session, [from])
    logger.info('holds a Job', { jobId, name: info.name, bytes: dataBytesOf(info) })
    if (holdings.has(jobId)) await session.close()
    else await holdings.keep(session, await ledger.enter({ ...asking, info }))
    return undefined
  }
}

/** Resolves when the Job is described here, and `from` has sent all that it has of its log. */
async function hearDescription(session: JobSession, from: PeerId, signal: AbortSignal): Promise<void> {
  // Whoever has nothing to describe must not keep this place for as long as data may take.
  const soon = AbortSignal.any([signal, AbortSignal.timeout(DESCRIPTION_TIMEOUT_MS)])
  const described = session.until((view) => view.info !== undefined, { signal: soon })
  await Promise.all([described, session.log.syncWith(from, { signal })])
}

const dataBytesOf = ({ code, data }: JobInfo) => code.bytes + (data?.bytes ?? 0)
