import { type EscrowFacts, timeFacts } from '../job/escrow-facts.ts'
import type { JobInfo } from '../job/info.ts'
import { escrowIdOf, escrowTermsOf, type Paid } from '../job/payment.ts'
import type { Logger } from '../log.ts'
import type { Abortable, Chain, ChainEvent, Clock, EscrowId, EscrowJob, EscrowTerms } from '../ports.ts'
import { boundedReads, type EscrowReads } from './bounded-reads.ts'
import { type ChunkBook, createChunkBook } from './escrow-chunks.ts'
import { chainRetryMs, createEscrowFeed, type EscrowFeed } from './escrow-feed.ts'
import { createStakeBook, RECHECK_MS, type StakeBook, stakeTermsOf } from './escrow-stakes.ts'
import type { JobSession } from './job-session.ts'

export interface EscrowWatchComponents {
  chain: EscrowReads
  feed: EscrowFeed
  clock: Clock
  logger: Logger
}

/** Between two parts of one Job that are read again because of their age alone: some chains have four blocks a second. */
const RECHECK_PAUSE_MS = 10_000

/** An event of the Job's escrow. */
type JobEvent = Exclude<Extract<ChainEvent, { escrowId: EscrowId }>, { type: 'wallet:convicted' }>

/**
 * Reads a paid Job's escrow once, and what an event names again, and tells the session, until it is stopped. A block without such an event asks
 * the chain for nothing.
 */
export function watchEscrow(components: EscrowWatchComponents, session: JobSession, info: Paid<JobInfo>): () => void {
  const watch = new EscrowWatch(components, session, info)
  watch.run().catch((error: unknown) => components.logger.error('stopped to follow an escrow', { jobId: session.jobId, error }))
  return () => watch.stop()
}

/** Follows the escrows of all paid Jobs of one peer or client, for its sessions. */
export function escrowWatcher(components: { chain: Chain; clock: Clock; logger: Logger }, options: Required<Abortable>) {
  const feed = createEscrowFeed(components, options)
  const chain = boundedReads(components.chain)
  return (session: JobSession, info: Paid<JobInfo>) => watchEscrow({ ...components, chain, feed }, session, info)
}

class EscrowWatch {
  readonly #components: EscrowWatchComponents
  readonly #session: JobSession
  readonly #info: Paid<JobInfo>
  readonly #escrowId: EscrowId
  readonly #stopped = new AbortController()
  readonly #stakes: StakeBook
  readonly #chunks: ChunkBook
  #state: EscrowFacts['state'] = 'absent'
  /** Counts what has cast doubt on `#state`; equal to `#read` where it is known. */
  #doubts = 1
  #read = 0
  #readMs = Number.NEGATIVE_INFINITY
  /** When something was last read again because of its age alone. */
  #agedMs = Number.NEGATIVE_INFINITY
  /** Events that no read of the Job has shown. */
  #told: JobEvent[] = []
  /** The newest block's. Those that are caught up on are older than what was read. */
  #timestamp = 0
  #facts: EscrowFacts | undefined
  #joined = 0
  #begun = false
  #stale = false
  #wake = () => {}

  constructor(components: EscrowWatchComponents, session: JobSession, info: Paid<JobInfo>) {
    this.#components = components
    this.#session = session
    this.#info = info
    this.#escrowId = escrowIdOf(info, session.jobId)
    this.#stakes = createStakeBook(components, stakeTermsOf(info))
    this.#chunks = createChunkBook(components, info, this.#escrowId)
  }

  stop() {
    this.#stopped.abort()
    this.#wake()
  }

  async run(): Promise<void> {
    const { feed, clock, logger } = this.#components
    const { signal } = this.#stopped
    const unfeed = feed.onEvent(this.#escrowId, (event) => this.#hear(event))
    // Of who has joined nothing is known yet.
    const unfollow = this.#session.onChange(() => this.#session.view.peers.size !== this.#joined && this.#note())
    feed.begun.then(() => {
      this.#begun = true
      this.#note()
    })
    let failures = 0
    try {
      while (!signal.aborted) {
        while (!this.#stale && !signal.aborted) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve
          })
        }
        this.#stale = false
        const isRead = await this.#look({ signal }).catch((error: unknown) => {
          if (!signal.aborted) logger.debug('the escrow could not be read', { jobId: this.#session.jobId, error })
          return false
        })
        if (isRead) failures = 0
        else if (!signal.aborted) {
          this.#stale = true
          await clock.sleep(chainRetryMs(failures++), { signal }).catch(() => {})
        }
      }
    } finally {
      unfeed()
      unfollow()
    }
  }

  #note() {
    this.#stale = this.#begun
    this.#wake()
  }

  #hear(event: ChainEvent) {
    switch (event.type) {
      case 'chain:advanced':
        return this.#pass(event.timestamp)
      case 'chain:reorganized':
        this.#timestamp = 0
        this.#doubts++
        this.#told = this.#told.filter(({ blockNumber }) => blockNumber < event.fromBlock)
        this.#chunks.reorganized(event.fromBlock)
        this.#stakes.doubt()
        break
      case 'wallet:staked':
      case 'wallet:convicted':
        this.#stakes.doubt(event.wallet)
        break
      default:
        this.#doubts++
        this.#told.push(event)
        if ('chunk' in event) this.#chunks.tell(event)
    }
    this.#note()
  }

  /** A block has come: its time is news, and one thing that was read long ago is read again, should an endpoint have been behind then. */
  #pass(timestamp: number) {
    this.#timestamp = Math.max(this.#timestamp, timestamp)
    if (this.#facts !== undefined) this.#publish(this.#facts)
    if (this.#state === 'absent' || this.#age() || this.#stakes.isAged()) this.#note()
  }

  #age(): boolean {
    const nowMs = this.#components.clock.nowMs()
    if (this.#isClosed() || nowMs - this.#agedMs < RECHECK_PAUSE_MS) return false
    const isJobAged = this.#doubts === this.#read && nowMs - this.#readMs >= RECHECK_MS
    if (isJobAged) this.#doubts++
    const isAged = isJobAged || (this.#hasBegun() && this.#chunks.age())
    if (isAged) this.#agedMs = nowMs
    return isAged
  }

  #publish(facts: Omit<EscrowFacts, keyof ReturnType<typeof timeFacts>>) {
    this.#facts = { ...facts, ...timeFacts(this.#timestamp, this.#info.deadline) }
    this.#session.heard(this.#facts)
  }

  /** Reads what is in doubt, and tells the session; false where the chain does not show yet what its events have told. */
  async #look(options: Required<Abortable>): Promise<boolean> {
    const { peers } = this.#session.view
    this.#joined = peers.size
    const isJobAsked = this.#facts === undefined || this.#doubts !== this.#read || this.#state === 'absent'
    const isJobShown = isJobAsked ? await this.#readJob(options) : true
    const wallets = this.#state === 'absent' ? [] : [...peers.values()].map(({ wallet }) => wallet)
    const stakes = await this.#stakes.read(wallets, options)
    const areChunksAsked = this.#hasBegun() && this.#chunks.hasDoubts()
    const areChunksShown = areChunksAsked ? await this.#chunks.read(options) : true
    if (isJobAsked || areChunksAsked) {
      // The last question: all that was read is of this block or one before.
      const { number, timestamp } = await this.#components.chain.head(options)
      this.#timestamp = Math.max(this.#timestamp, timestamp)
      this.#chunks.seal(number)
    }
    options.signal.throwIfAborted()
    this.#publish({ state: this.#state, ...(this.#hasBegun() ? this.#chunks.facts() : NO_CHUNKS), stakes })
    return isJobShown && areChunksShown
  }

  async #readJob(options: Abortable): Promise<boolean> {
    const { chain, clock } = this.#components
    const doubts = this.#doubts
    const job = await chain.job(this.#escrowId, options)
    const fits = job !== undefined && mismatchOf(job, escrowTermsOf(this.#info, this.#session.jobId), this.#info.wallet) === undefined
    this.#state = fits ? job.state : 'absent'
    this.#readMs = clock.nowMs()
    this.#told = this.#told.filter((event) => !shows(job?.state, event))
    if (this.#told.length === 0) this.#read = doubts
    // What moved meanwhile is asked again the next time, which comes at once.
    return this.#told.length === 0 || this.#doubts !== doubts
  }

  /** Only then there are roots. */
  #hasBegun(): boolean {
    return this.#state === 'working' || this.#state === 'settled' || this.#state === 'refunded'
  }

  /** Nothing moves any more, unless the chain is reorganised. */
  #isClosed(): boolean {
    return this.#state === 'settled' || this.#state === 'cancelled' || this.#state === 'refunded'
  }
}

const NO_CHUNKS: Pick<EscrowFacts, 'attempts' | 'settled'> = { attempts: new Map(), settled: new Map() }

/** True where the state that was read has the event's effect: an endpoint that is a block behind does not have it yet. */
function shows(state: EscrowJob['state'] | undefined, { type }: JobEvent): boolean {
  switch (type) {
    case 'job:opened':
      return state !== undefined
    case 'job:cancelled':
      return state === 'cancelled'
    case 'job:refunded':
      return state === 'refunded'
    case 'job:settled':
      return state === 'settled'
    default:
      return state !== undefined && state !== 'open'
  }
}

/** What of an escrow is not as the Job says; undefined where all is. */
export function mismatchOf(job: EscrowJob, terms: EscrowTerms, requester: string): string | undefined {
  if (job.requester.toLowerCase() !== requester.toLowerCase()) return `a requester ${job.requester}, the Job names ${requester}`
  const { jobId: _, ...expected } = terms
  for (const [name, value] of Object.entries(expected)) {
    const found = job[name as keyof EscrowJob]
    if (found !== value) return `${name} ${String(found)}, the Job says ${String(value)}`
  }
  return undefined
}
