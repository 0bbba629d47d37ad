import { type Logger, silentLogger } from '../log.ts'
import type { Channel, Channels, Clock, PeerId } from '../ports.ts'
import { type JobNotice, type JobsMessage, jobsCodec } from '../protocol/messages.ts'
import { jobsTopic } from '../protocol/topics.ts'
import { BoardNotices, MAX_ANNOUNCED, MAX_NOTICES, MAX_RELAYED } from './board-notices.ts'
import { packReplies } from './jobs-reply.ts'

/** A peer that is no bootstrap node lets one of those answer first. */
const REPLY_DELAY_MS = 150

/** A question of 40 bytes gets an answer of up to 256 KiB, which all hear: one asker gets none sooner than this after the last, */
const ANSWER_PAUSE_MS = 500
/** and all together no more than so many at once, and then a second. */
const MAX_ANSWERS = 20

/** The author of what this peer announces itself. */
const OURS = ''

/** What a peer knows of the network's Jobs through the Jobs channel (seeds/001 "Job Processing" 1). */
export interface JobsBoard {
  /** Jobs that were announced and not yet finished, oldest first. */
  notices(): JobNotice[]
  find(jobId: string): JobNotice | undefined
  /** Who brought a notice first, verified; undefined for what this peer announced itself, or does not know. */
  authorOf(jobId: string): PeerId | undefined
  /** Puts a Job on the board and tells all. */
  announce(job: JobNotice): Promise<void>
  /** Asks all peers for open Jobs; the answers come as notices. */
  ask(): Promise<void>
  completed(jobId: string, completed: number, total: number): Promise<void>
  finished(jobId: string, reportCid: string): Promise<void>
  /** Takes a Job off this peer's board only: it is over, or of no use here. */
  drop(jobId: string): void
  onNotice(listener: (job: JobNotice) => void): () => void
  onMessage(listener: (message: JobsMessage, from: PeerId) => void): () => void
  peers(): PeerId[]
  close(): Promise<void>
}

export interface JobsBoardInit {
  /** Bootstrap nodes answer at once. */
  answersFirst?: boolean
  meetAt?: PeerId[]
  signal?: AbortSignal
}

export async function createJobsBoard(
  { channels, clock, logger = silentLogger }: { channels: Channels; clock: Clock; logger?: Logger },
  init: JobsBoardInit = {},
): Promise<JobsBoard> {
  const spec = { topic: jobsTopic, maxBytes: jobsCodec.maxBytes, encode: jobsCodec.encode, decode: jobsCodec.decode }
  const { meetAt, signal } = init
  const channel = await channels.join<JobsMessage>(spec, { ...(meetAt && { meetAt }), ...(signal && { signal }) })
  return new Board(channel, clock, logger, init.answersFirst ?? false)
}

class Board implements JobsBoard {
  readonly #channel: Channel<JobsMessage>
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #answersFirst: boolean
  readonly #notices = new BoardNotices()
  readonly #over = new Set<string>()
  readonly #listeners = new Set<(job: JobNotice) => void>()
  readonly #answered = new Map<PeerId, number>()
  readonly #asked = new Map<PeerId, number>()
  #answersLeft = { count: MAX_ANSWERS, atMs: 0 }
  readonly #closed = new AbortController()

  constructor(channel: Channel<JobsMessage>, clock: Clock, logger: Logger, answersFirst: boolean) {
    this.#channel = channel
    this.#clock = clock
    this.#logger = logger
    this.#answersFirst = answersFirst
    channel.subscribe((message, from) => this.#receive(message, from))
    // Whoever joins late learns of the open Jobs without having to ask twice.
    channel.onPeer((peer, change) => change === 'joined' && answersFirst && this.#answer(peer))
  }

  notices = () => this.#notices.list()
  find = (jobId: string) => this.#notices.find(jobId)
  authorOf = (jobId: string) => this.#notices.authorOf(jobId) || undefined
  peers = () => this.#channel.peers()
  onMessage = (listener: (message: JobsMessage, from: PeerId) => void) => this.#channel.subscribe(listener)

  async announce(job: JobNotice) {
    this.#over.delete(job.jobId)
    this.#learn(job, OURS, MAX_NOTICES)
    await this.#channel.publish({ type: 'job-announced', job })
  }

  ask = () => this.#channel.publish({ type: 'open-jobs-query' })

  completed = (jobId: string, completed: number, total: number) =>
    this.#channel.publish({ type: 'micro-jobs-completed', jobId, completed, total })

  async finished(jobId: string, reportCid: string) {
    this.drop(jobId)
    await this.#channel.publish({ type: 'job-finished', jobId, reportCid })
  }

  drop(jobId: string) {
    this.#notices.delete(jobId)
    this.#over.add(jobId)
    if (this.#over.size > MAX_NOTICES) this.#over.delete(this.#over.values().next().value as string)
  }

  onNotice(listener: (job: JobNotice) => void) {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  async close() {
    this.#closed.abort()
    await this.#channel.close()
  }

  #receive(message: JobsMessage, from: PeerId) {
    if (message.type === 'job-announced') this.#learn(message.job, from, MAX_ANNOUNCED)
    if (message.type === 'open-jobs-reply') {
      this.#answered.set(message.to, this.#clock.nowMs())
      for (const job of message.jobs) this.#learn(job, from, MAX_RELAYED)
    }
    if (message.type === 'open-jobs-query') this.#answer(from)
  }

  #learn(job: JobNotice, author: PeerId, maxOfAuthor: number) {
    if (this.#over.has(job.jobId)) return
    this.#notices.put(job, author, maxOfAuthor)
    for (const listener of [...this.#listeners]) listener(job)
  }

  #answer(to: PeerId) {
    const askedMs = this.#clock.nowMs()
    if (askedMs - (this.#asked.get(to) ?? Number.NEGATIVE_INFINITY) < ANSWER_PAUSE_MS) return
    if (this.#asked.size > MAX_NOTICES) this.#asked.clear()
    this.#asked.set(to, askedMs)
    const reply = () => {
      const others = this.#answered.get(to)
      if (this.#notices.size === 0 || (others !== undefined && others >= askedMs) || !this.#mayAnswer()) return
      if (this.#answered.size > MAX_NOTICES) this.#answered.clear()
      this.#answered.set(to, this.#clock.nowMs())
      for (const message of packReplies(to, this.#notices.interleaved(), MAX_RELAYED)) {
        this.#channel
          .publish(message)
          .catch((error: unknown) => this.#closed.signal.aborted || this.#logger.warn('could not list the open Jobs', { to, error }))
      }
    }
    if (this.#answersFirst) return reply()
    const { signal } = this.#closed
    // Not all peers at once: the first answer silences the others.
    this.#clock.sleep(REPLY_DELAY_MS * (1 + (this.#channel.peers().length % 7)), { signal }).then(reply, () => {})
  }

  #mayAnswer(): boolean {
    const { count, atMs } = this.#answersLeft
    const nowMs = this.#clock.nowMs()
    const left = Math.min(MAX_ANSWERS, count + ((nowMs - atMs) / 1000) * MAX_ANSWERS)
    if (left < 1) return false
    this.#answersLeft = { count: left - 1, atMs: nowMs }
    return true
  }
}
