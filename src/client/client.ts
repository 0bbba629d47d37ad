import type { JobDraft } from '../job/draft.ts'
import { type JobSummary, summaryOf } from '../job/events.ts'
import { isJobId, type JobId } from '../job/ids.ts'
import { isPaid, isPaidBy } from '../job/payment.ts'
import { progressOf } from '../job/progress.ts'
import type { Logger } from '../log.ts'
import type { Abortable, Blocks, Chain, Cid, Clock, Network, PeerId, Replica, VerifySignature } from '../ports.ts'
import { JobNotFoundError, PriceInEscrowError } from '../roles/errors.ts'
import { escrowWatcher } from '../roles/escrow-watch.ts'
import type { JobSession } from '../roles/job-session.ts'
import { createJobSessions, type JobSessions } from '../roles/job-sessions.ts'
import { createJobsBoard, type JobsBoard } from '../roles/jobs-board.ts'
import type { PlaceOptions } from '../roles/placing.ts'
import { placeJob } from '../roles/requester.ts'
import { readEventually } from '../roles/results.ts'
import { ClientClosedError } from './errors.ts'
import { createJobHandle, type JobHandle } from './job-handle.ts'

export interface ClientParts {
  network: Network
  replica: Replica
  blocks: Blocks
  clock: Clock
  /** Unix time in milliseconds. @default the system's */
  unixMs?: () => number
  /** Of the network's kind of keys. */
  verify: VerifySignature
  logger: Logger
  /** The chain that pays for Jobs with a unit price, and tells of such Jobs; without it they cannot be followed. */
  chain?: Chain
  /** How long the chain may take to say where a paid Job stands, before the client goes on without. @default 15,000 */
  escrowTimeoutMs?: number
  /** How long a Job's description may take to arrive. @default 15,000 */
  findTimeoutMs?: number
  /** The wallet that Jobs are placed from; null without one. */
  wallet: string | null
  /** Peers that hold Jobs for others, the best first. */
  holders(): PeerId[]
  /** Stops what the platform opened. */
  stop(): Promise<void>
}

/**
 * A peer that places and follows Jobs and computes nothing. After `close`, each of its methods throws ClientClosedError, and so do those of its handles that wait,
 * or waited then.
 */
export interface MingaClient extends AsyncDisposable {
  readonly self: PeerId
  /**
   * Places a Job; resolves when others hold it, so that this client may leave. Throws InvalidJobInfoError, NoPayingChainError, NoHolderError, PriceInEscrowError, and
   * what the chain throws.
   */
  place(draft: JobDraft, options?: Abortable & Pick<PlaceOptions, 'onProgress' | 'onWarning' | 'onPrice'>): Promise<JobHandle>
  /**
   * Follows a Job that somebody placed; of one that is paid, its escrow has been read, unless the chain is silent (`progress().escrow` is `unread` then). Throws
   * JobNotFoundError.
   */
  job(jobId: string, options?: Abortable): Promise<JobHandle>
  /**
   * The open Jobs that peers around tell of, and whatever this client placed or followed, ended or not. A Job of others that has ended is had by its id
   * alone: `job(jobId)`.
   */
  jobs(options?: Abortable): Promise<JobSummary[]>
  /** Peers on the Jobs channel. */
  peers(): PeerId[]
  /** A stored file by its CID, such as a report; one that no holder has taken in yet is waited for, half a minute at most. */
  read(cid: Cid, options?: Abortable & { providers?: PeerId[]; maxBytes?: number }): Promise<Uint8Array>
  close(): Promise<void>
}

/** Replies to "which Jobs are open" come within this on any link that work could cross. */
const LISTEN_MS = 600
/** Whoever has just come may have missed the answer to its coming, and gets none to a question so soon after it (roles/jobs-board.ts). */
const MAX_QUESTIONS = 4
/** How long a Job's description may take to arrive from a peer that has it. */
const FIND_TIMEOUT_MS = 15_000
/** A Job's first look at the chain is some calls, of 10 s at most each; one of 4,096 chunks takes longer (job/payment.ts), and is `unread` until then. */
const ESCROW_TIMEOUT_MS = 15_000

export async function createClientOn(parts: ClientParts, { signal }: Abortable = {}): Promise<MingaClient> {
  const { network, replica, clock, chain, logger } = parts
  const ended = new AbortController()
  const watching = chain && escrowWatcher({ chain, clock, logger }, { signal: ended.signal })
  // Another chain would say of the Job that it has no escrow.
  const watchEscrow: typeof watching = (session, info) =>
    (chain && isPaidBy(info.payment, chain) && watching?.(session, info)) || (() => {})
  const sessions = createJobSessions({ replica, self: network.self, watchEscrow })
  const meetAt = parts.holders()
  const board = await createJobsBoard({ channels: network.channels, clock }, { meetAt, ...(signal && { signal }) }).catch(
    (error: unknown) => {
      ended.abort()
      throw error
    },
  )
  const stop = async () => {
    ended.abort()
    try {
      await chain?.stop()
    } finally {
      await parts.stop()
    }
  }
  return new Client({ ...parts, stop }, sessions, board)
}

class Client implements MingaClient {
  readonly self: PeerId
  readonly #parts: ClientParts
  readonly #sessions: JobSessions
  readonly #board: JobsBoard
  readonly #open = new Set<JobHandle>()
  /** Jobs that were looked for and not found yet: what is here of them, and may go a moment later, is here for that alone. */
  readonly #sought = new Set<JobId>()
  /** Aborted at `close`: ends whatever waits. */
  readonly #closing = new AbortController()
  #closed: Promise<void> | undefined

  constructor(parts: ClientParts, sessions: JobSessions, board: JobsBoard) {
    this.self = parts.network.self
    this.#parts = parts
    this.#sessions = sessions
    this.#board = board
  }

  peers(): PeerId[] {
    this.#refuseClosed()
    return this.#board.peers()
  }

  async read(cid: Cid, options: Parameters<MingaClient['read']>[1] = {}): Promise<Uint8Array> {
    this.#refuseClosed()
    return readEventually(this.#parts, cid, { providers: this.#providers(), ...options, signal: this.#endedOr(options.signal) })
  }

  async place(draft: JobDraft, options: Abortable & Pick<PlaceOptions, 'onProgress' | 'onWarning' | 'onPrice'> = {}): Promise<JobHandle> {
    this.#refuseClosed()
    const { network, replica, blocks, wallet, chain } = this.#parts
    const holders = () => [...new Set([...this.#parts.holders(), ...this.#board.peers()])]
    const requester = {
      self: this.self,
      wallet,
      chain,
      sessions: this.#sessions,
      replica,
      blocks,
      streams: network.streams,
      board: this.#board,
      holders,
    }
    const { session } = await placeJob(requester, draft, options).catch((error: unknown) => {
      // What stopped first is of no interest; where money may lie is.
      throw this.#closed !== undefined && !(error instanceof PriceInEscrowError) ? new ClientClosedError() : error
    })
    return this.#handle(session)
  }

  async job(jobId: string, options: Abortable = {}): Promise<JobHandle> {
    this.#refuseClosed()
    if (!isJobId(jobId)) throw new JobNotFoundError(jobId)
    const signal = this.#endedOr(options.signal)
    const session = await this.#find(jobId, signal)
    await this.#readEscrows([session], signal).catch(async (error: unknown) => {
      await session.close()
      throw error
    })
    return this.#handle(session)
  }

  async jobs(options: Abortable = {}): Promise<JobSummary[]> {
    this.#refuseClosed()
    const signal = this.#endedOr(options.signal)
    signal.throwIfAborted()
    for (let asked = 0; asked < MAX_QUESTIONS && (asked === 0 || this.#board.notices().length === 0); asked++) {
      await this.#board.ask()
      await this.#parts.clock.sleep(LISTEN_MS, { signal })
    }
    const summaries = new Map<string, JobSummary>()
    const tell = async (session: JobSession) => {
      summaries.set(session.jobId, summaryOf(progressOf(session.view, { unixMs: (this.#parts.unixMs ?? Date.now)() })))
      await session.close()
    }
    const unread: JobSession[] = []
    const ids = new Set([...this.#board.notices().map(({ jobId }) => jobId), ...(await this.#parts.replica.jobs())])
    try {
      for (const jobId of ids) {
        if (!isJobId(jobId)) continue
        const session = await this.#find(jobId, signal).catch(() => {
          // A list that leaves out what there was no time to look at would look complete.
          signal.throwIfAborted()
          return undefined
        })
        if (session === undefined) continue
        if (this.#isUnread(session)) unread.push(session)
        else await tell(session)
      }
      // All together: where the chain is silent it is waited for once.
      await this.#readEscrows(unread, signal)
    } finally {
      for (const session of unread) await tell(session)
    }
    return [...ids].flatMap((jobId) => summaries.get(jobId) ?? [])
  }

  async close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  [Symbol.asyncDispose] = () => this.close()

  /** Told here, and not by the first part that happens to be used. */
  #refuseClosed() {
    if (this.#closed !== undefined) throw new ClientClosedError()
  }

  #endedOr(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal])
  }

  async #close() {
    this.#closing.abort(new ClientClosedError())
    // What cannot be closed keeps nothing else open, and is told at the end.
    const handles = await Promise.allSettled([...this.#open].map((handle) => handle.close()))
    const board = await Promise.allSettled([this.#board.close()])
    await this.#parts.stop()
    const failed = [...handles, ...board].find((outcome) => outcome.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  #providers(): PeerId[] {
    return [...new Set([...this.#parts.holders(), ...this.#board.peers(), ...this.#parts.network.peers()])]
  }

  async #find(jobId: JobId, signal: AbortSignal) {
    const notice = this.#board.find(jobId)
    const meetAt = [...new Set([...(notice?.holders ?? []), ...this.#providers()])].filter((peer) => peer !== this.self)
    const limited = AbortSignal.any([AbortSignal.timeout(this.#parts.findTimeoutMs ?? FIND_TIMEOUT_MS), signal])
    // Looked for and not found: no trace of it may stay that a later list would show.
    const isKnown = (await this.#parts.replica.jobs()).includes(jobId) && !this.#sought.has(jobId)
    if (!isKnown) this.#sought.add(jobId)
    const session = await this.#sessions.open(jobId, { meetAt, signal: limited }).catch((error: unknown) => {
      signal.throwIfAborted()
      throw limited.aborted ? new JobNotFoundError(jobId) : error
    })
    // Also a Job known from before is compared with one peer: what happened meanwhile would otherwise wait for the next anti-entropy.
    for (const peer of meetAt) {
      const synced = await session.log.syncWith(peer, { signal: limited }).then(
        () => true,
        () => false,
      )
      if (synced && session.view.info !== undefined) break
    }
    if (session.view.info !== undefined && !signal.aborted) {
      this.#sought.delete(jobId)
      return session
    }
    if (isKnown) await session.close()
    else await this.#forget(session, signal)
    signal.throwIfAborted()
    throw new JobNotFoundError(jobId)
  }

  /** Others may follow it by now, or still look for it: the log is theirs, and the last of them decides. */
  async #forget(session: JobSession, signal: AbortSignal) {
    const isGone = await session.forget().catch((error: unknown) => {
      // Of a client that is being closed nothing is listed any more.
      if (!signal.aborted) throw error
    })
    if (isGone) this.#sought.delete(session.jobId)
  }

  /** True where the chain has yet to say where the Job stands, and can. */
  #isUnread({ view: { info, escrow } }: JobSession): boolean {
    const { chain } = this.#parts
    return info !== undefined && isPaid(info) && escrow === undefined && chain !== undefined && isPaidBy(info.payment, chain)
  }

  /** Resolves when the chain has said where these Jobs stand, or has been silent for too long. Rejects with the signal's reason. */
  async #readEscrows(sessions: readonly JobSession[], signal: AbortSignal): Promise<void> {
    const { escrowTimeoutMs = ESCROW_TIMEOUT_MS } = this.#parts
    const limited = AbortSignal.any([AbortSignal.timeout(escrowTimeoutMs), signal])
    const read = (session: JobSession) => session.until(() => !this.#isUnread(session), { signal: limited }).catch(() => {})
    await Promise.all(sessions.map(read))
    signal.throwIfAborted()
  }

  #handle(session: Awaited<ReturnType<JobSessions['open']>>): JobHandle {
    const { blocks, clock, unixMs, verify, chain } = this.#parts
    const providers = () => this.#providers()
    const closing = this.#closing.signal
    const handle: JobHandle = createJobHandle({
      self: this.self,
      blocks,
      clock,
      unixMs,
      verify,
      board: this.#board,
      chain,
      session,
      closing,
      providers,
      onClosed: () => void this.#open.delete(handle),
    })
    this.#open.add(handle)
    // A Job is placed, though nobody is left to follow it.
    if (closing.aborted) handle.close().catch(() => {})
    return handle
  }
}
