import { isJobId, type JobId } from '../job/ids.ts'
import type { JobInfo } from '../job/info.ts'
import { openMacroJobs } from '../job/macro-choice.ts'
import { progressOf } from '../job/progress.ts'
import type { JobView } from '../job/view.ts'
import type { Logger } from '../log.ts'
import type { Blocks, PeerId, Replica, StreamSpec, Streams } from '../ports.ts'
import { type HoldReply, holdReplyCodec, holdRequestCodec, type JobNotice } from '../protocol/messages.ts'
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
  logger: Logger
}

export interface HolderInit {
  /** Jobs held at once. @default 256 */
  maxJobs?: number
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
  const holder = new RunningHolder(components, { maxJobs: 256, maxDataBytes: 4 * 1024 ** 3, ...init })
  await holder.start()
  return holder
}

class RunningHolder implements Holder {
  readonly #components: HolderComponents
  readonly #init: Required<HolderInit>
  readonly #held = new Map<JobId, { session: JobSession; mirror: Mirror }>()
  readonly #stop = new AbortController()
  #unserve = async () => {}

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
    const { session } = await this.#keep(jobId, [])
    await this.#announce(session, [])
  }

  async *#serve(request: Uint8Array, from: PeerId, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const { jobId } = holdRequestCodec.decode(request)
    const reply = (message: HoldReply) => holdReplyCodec.encode(message)
    if (!isJobId(jobId)) return yield reply({ type: 'refused', code: 'invalid' })
    if (this.#held.size >= this.#init.maxJobs && !this.#held.has(jobId)) return yield reply({ type: 'refused', code: 'full' })
    yield reply({ type: 'progress', doneBytes: 0 })
    try {
      yield reply(await this.#hold(jobId, from, AbortSignal.any([signal, this.#stop.signal])))
    } catch (error) {
      this.#components.logger.warn('could not hold a Job', { jobId, from, error })
      yield reply({ type: 'refused', code: 'unreachable' })
    }
  }

  async #hold(jobId: JobId, from: PeerId, signal: AbortSignal): Promise<HoldReply> {
    const { session } = await this.#keep(jobId, [from])
    await session.log.syncWith(from, { signal })
    await session.until((view) => view.info !== undefined, { signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]) })
    const info = session.view.info as JobInfo
    const bytes = info.code.bytes + (info.data?.bytes ?? 0)
    if (bytes > this.#init.maxDataBytes) {
      await this.#drop(jobId)
      return { type: 'refused', code: 'too-large' }
    }
    const { blocks, board } = this.#components
    // Published data may lie with others than the requester.
    const options = { signal, providers: [...new Set([from, ...board.peers()])], owner: jobId, maxBytes: this.#init.maxDataBytes }
    await blocks.fetch(info.code.cid, options)
    if (info.data !== null) await blocks.fetch(info.data.cid, options)
    await this.#announce(session, [from])
    this.#components.logger.info('holds a Job', { jobId, name: info.name, bytes })
    return { type: 'held', bytes }
  }

  async #keep(jobId: JobId, meetAt: PeerId[]) {
    const known = this.#held.get(jobId)
    if (known !== undefined) return known
    const session = await this.#components.sessions.open(jobId, { meetAt, signal: this.#stop.signal })
    const kept = { session, mirror: createMirror(this.#components, session) }
    this.#held.set(jobId, kept)
    return kept
  }

  async #drop(jobId: JobId) {
    const { replica, blocks } = this.#components
    const kept = this.#held.get(jobId)
    this.#held.delete(jobId)
    await kept?.mirror.stop()
    await kept?.session.close()
    await blocks.release(jobId)
    await replica.remove(jobId)
  }

  async #announce({ view }: JobSession, others: PeerId[]) {
    const notice = noticeOf(view, [this.#components.self, ...others])
    if (notice !== undefined) await this.#components.board.announce(notice)
  }
}

/** The notice of a Job that still wants peers; undefined where it is over, or not yet known. */
export function noticeOf(view: JobView, holders: readonly PeerId[]): JobNotice | undefined {
  const { info, jobId } = view
  const { state } = progressOf(view)
  if (info === undefined || (state !== 'open' && state !== 'agreed')) return undefined
  const openMicroJobs = [...openMacroJobs(view, info)].reduce((sum, { open }) => sum + open.length, 0)
  return { jobId, unitPriceWei: info.unitPriceWei, openMicroJobs, holders: [...new Set(holders)].slice(0, 8) }
}

interface Mirror {
  stop(): Promise<void>
}

/** Fetches each agreed result, and the report, from whoever made it, so that they outlive that peer. */
function createMirror({ blocks, board, logger, self }: HolderComponents, session: JobSession): Mirror {
  const stop = new AbortController()
  const wanted = new Map<string, PeerId>()
  const done = new Set<string>()
  let running = Promise.resolve()
  let busy = false
  let finished = false

  const collect = () => {
    for (const reveals of session.view.reveals.values()) for (const { author, record } of reveals) want(record.cid, author)
    for (const { author, record } of session.view.reports) want(record.cid, author)
  }
  const want = (cid: string, author: PeerId) => {
    if (author === self) done.add(cid)
    if (!done.has(cid)) wanted.set(cid, author)
  }
  const work = async () => {
    for (const [cid, author] of wanted) {
      if (stop.signal.aborted) return
      wanted.delete(cid)
      await blocks.fetch(cid, { providers: [author], owner: session.jobId, signal: stop.signal }).then(
        () => done.add(cid),
        (error: unknown) => !stop.signal.aborted && logger.debug('could not mirror a result yet', { jobId: session.jobId, cid, error }),
      )
    }
    await finish()
  }
  const finish = async () => {
    const { state, reportCid } = progressOf(session.view)
    if (finished || state === 'open' || state === 'agreed' || state === 'unknown') return
    finished = true
    board.drop(session.jobId)
    if (reportCid === undefined || done.has(reportCid)) await blocks.finish?.(session.jobId)
  }
  const kick = () => {
    collect()
    if (busy) return
    busy = true
    running = work()
      .catch((error: unknown) => logger.warn('mirroring failed', { jobId: session.jobId, error }))
      .finally(() => {
        busy = false
        if (wanted.size > 0 && !stop.signal.aborted) queueMicrotask(kick)
      })
  }
  const unfollow = session.onChange(kick)
  kick()

  return {
    async stop() {
      stop.abort()
      unfollow()
      await running
    },
  }
}
