import { chunkState } from '../job/chunk.ts'
import { type EscrowAttempt, type EscrowFacts, timeFacts } from '../job/escrow-facts.ts'
import type { JobInfo } from '../job/info.ts'
import { escrowIdOf, escrowTermsOf, type Paid } from '../job/payment.ts'
import { MAX_ATTEMPTS } from '../job/records.ts'
import { attemptKey, chunkCount } from '../job/view.ts'
import type { Logger } from '../log.ts'
import type { Abortable, Chain, Clock, EscrowJob, EscrowTerms } from '../ports.ts'
import { createEscrowFeed, type EscrowFeed } from './escrow-feed.ts'
import { createStakeBook, type StakeBook } from './escrow-stakes.ts'
import type { JobSession } from './job-session.ts'

export interface EscrowWatchComponents {
  chain: Pick<Chain, 'job' | 'attempt' | 'nextAttempt' | 'settled' | 'stake' | 'head'>
  feed: EscrowFeed
  clock: Clock
  logger: Logger
}

/** Where the chain did not answer, it is asked again after this; doubled each time. */
const RETRY_MS = 500
const MAX_RETRY_MS = 15_000

/** Reads a paid Job's escrow whenever it may have moved, and tells the session, until it is stopped. */
export function watchEscrow(components: EscrowWatchComponents, session: JobSession, info: Paid<JobInfo>): () => void {
  const watch = new EscrowWatch(components, session, info)
  watch.run().catch((error: unknown) => components.logger.error('stopped to follow an escrow', { jobId: session.jobId, error }))
  return () => watch.stop()
}

/** Follows the escrows of all paid Jobs of one peer or client, for its sessions. */
export function escrowWatcher(components: { chain: Chain; clock: Clock; logger: Logger }, options: Required<Abortable>) {
  const feed = createEscrowFeed(components, options)
  return (session: JobSession, info: Paid<JobInfo>) => watchEscrow({ ...components, feed }, session, info)
}

class EscrowWatch {
  readonly #components: EscrowWatchComponents
  readonly #session: JobSession
  readonly #info: Paid<JobInfo>
  readonly #stopped = new AbortController()
  /** Attempts whose beacon is pinned change no more, unless the chain is reorganised. */
  #pinned = new Map<string, EscrowAttempt>()
  readonly #stakes: StakeBook
  #attempts = 0
  #joined = 0
  #stale = true
  #wake = () => {}

  constructor(components: EscrowWatchComponents, session: JobSession, info: Paid<JobInfo>) {
    this.#components = components
    this.#session = session
    this.#info = info
    const { minBondWei } = info.payment
    this.#stakes = createStakeBook(components, { minBondWei: BigInt(minBondWei), deadline: info.deadline })
  }

  stop() {
    this.#stopped.abort()
    this.#wake()
  }

  async run(): Promise<void> {
    const { feed, clock, logger } = this.#components
    const escrowId = escrowIdOf(this.#info, this.#session.jobId)
    const unfeed = feed.onMoved(escrowId, ({ reorganized, wallet }) => {
      if (reorganized) this.#pinned.clear()
      if (reorganized || wallet !== undefined) this.#stakes.doubt(wallet)
      this.#note()
    })
    // A new attempt of ours may stand on the chain already, and of who has joined nothing is known yet.
    const isNews = () => this.#attemptsKnown() !== this.#attempts || this.#session.view.peers.size !== this.#joined
    const unfollow = this.#session.onChange(() => isNews() && this.#note())
    const { signal } = this.#stopped
    let failures = 0
    try {
      while (!signal.aborted) {
        this.#stale = false
        try {
          const facts = await this.#read()
          if (!signal.aborted) this.#session.heard(facts)
          failures = 0
        } catch (error) {
          if (signal.aborted) break
          logger.debug('the escrow could not be read', { jobId: this.#session.jobId, error })
          this.#stale = true
          await clock.sleep(Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** failures++), { signal }).catch(() => {})
        }
        while (!this.#stale && !signal.aborted) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve
          })
        }
      }
    } finally {
      unfeed()
      unfollow()
    }
  }

  #note() {
    this.#stale = true
    this.#wake()
  }

  #attemptsKnown(): number {
    const { view } = this.#session
    return this.#chunks().reduce((sum, chunk) => sum + chunkState(view, this.#info, chunk).attempts.length, 0)
  }

  #chunks(): number[] {
    return Array.from({ length: chunkCount(this.#info) }, (_, chunk) => chunk)
  }

  async #read(): Promise<EscrowFacts> {
    const { chain } = this.#components
    const { jobId, view } = this.#session
    const options = { signal: this.#stopped.signal }
    const escrowId = escrowIdOf(this.#info, jobId)
    const [job, { timestamp }] = await Promise.all([chain.job(escrowId, options), chain.head(options)])
    const time = timeFacts(timestamp, this.#info.deadline)
    if (job === undefined || mismatchOf(job, escrowTermsOf(this.#info, jobId), this.#info.wallet) !== undefined) {
      return { state: 'absent', attempts: new Map(), settled: new Map(), stakes: new Map(), ...time }
    }
    this.#attempts = this.#attemptsKnown()
    this.#joined = view.peers.size
    const stakes = await this.#stakes.read(
      [...view.peers.values()].map(({ wallet }) => wallet),
      options,
    )
    const settled = new Map<number, bigint>()
    const attempts = new Map<string, EscrowAttempt>()
    for (const chunk of this.#chunks()) {
      settled.set(chunk, await chain.settled(escrowId, chunk, options))
      // What the chain has of later attempts than are known here ends the earlier ones.
      const next = await chain.nextAttempt(escrowId, chunk, options)
      const count = Math.min(MAX_ATTEMPTS, Math.max(next, chunkState(view, this.#info, chunk).attempts.length))
      for (let attempt = 0; attempt < count; attempt++) {
        const key = attemptKey(chunk, attempt)
        const found = this.#pinned.get(key) ?? (await chain.attempt({ escrowId, chunk, attempt }, options))
        if (found === undefined) continue
        const { root, proposal, beacon } = found
        attempts.set(key, { root, proposal, beacon })
        if (beacon !== undefined) this.#pinned.set(key, { root, proposal, beacon })
      }
    }
    return { state: job.state, attempts, settled, stakes, ...time }
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
