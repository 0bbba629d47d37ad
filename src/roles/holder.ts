import type { JobId } from '../job/ids.ts'
import type { Logger } from '../log.ts'
import type { Blocks, Chain, Clock, PeerId, Replica, StreamSpec, Streams, Vault } from '../ports.ts'
import { holdReplyCodec, holdRequestCodec } from '../protocol/messages.ts'
import { MAX_OPEN_JOBS, MAX_OPEN_JOBS_OF_NETWORK, MAX_OPEN_JOBS_OF_PEER } from './held-places.ts'
import { createHoldLedger, type Pinner } from './hold-ledger.ts'
import { HoldRequests } from './hold-requests.ts'
import { Holdings } from './holdings.ts'
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
  const limits = { ...DEFAULTS, ...init }
  const stop = new AbortController()
  const unixMs = () => (components.unixMs ?? Date.now)()
  const ledger = createHoldLedger({ networkOf: () => undefined, ...components, unixMs }, limits)
  const holdings = new Holdings({ ...components, ledger, unixMs }, { maxJobs: limits.maxJobs, signal: stop.signal })
  const requests = new HoldRequests({ ...components, ledger, holdings }, limits)
  await holdings.resume()
  const unserve = await components.streams.serve(HOLD_SPEC, (request, { from, signal }) =>
    requests.answer(request, from, AbortSignal.any([signal, stop.signal])),
  )
  const looking = holdings.dropQuiet().catch(() => {})
  return {
    jobs: () => holdings.jobs(),
    async stop() {
      if (stop.signal.aborted) return
      stop.abort()
      await unserve()
      await looking
      await holdings.close()
    },
  }
}
