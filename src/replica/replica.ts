import { systemClock } from '../clock.ts'
import { type Logger, silentLogger } from '../log.ts'
import type { Abortable, Channels, Clock, JobLog, LogSchema, PeerId, Replica, Signer, Streams, VerifySignature } from '../ports.ts'
import { JobIdInvalidError, LogClosedError } from './errors.ts'
import { jobHash, portableSha256, type Sha256 } from './hash.ts'
import { JobCore } from './job-core.ts'
import { createJobLog } from './job-log.ts'
import { createJournal, type StoreHealth } from './journal.ts'
import { createFairLimiter } from './limiter.ts'
import { DEFAULT_LIMITS, type LogLimits } from './limits.ts'
import { loadLog } from './load.ts'
import { KEYS } from './record.ts'
import type { Store } from './store.ts'
import { LOG_SYNC } from './sync-codec.ts'
import { createSyncHandler } from './sync-serve.ts'

/** Syncs of all Jobs together: below what one peer serves us at once (LOG_SYNC.maxConcurrent). */
const MAX_SYNCS = 6
/** Of one Job: two that are flooded leave the others nothing, one does not. */
const MAX_SYNCS_OF_JOB = 3
/** Keys removed in one write. */
const REMOVE_AT_ONCE = 1000
/** What `logTopic` takes. */
const JOB_ID = /^[A-Za-z0-9_-]{1,96}$/

export interface ReplicaComponents {
  channels: Channels
  streams: Streams
  signer: Signer
  verify: VerifySignature
  /** What a value must look like for its key; must judge alike on all peers. */
  schema: LogSchema
  /** Closed by whoever opened it, after `stop`. */
  store: Store
  /** @default the system's */
  clock?: Clock
  /** @default none */
  logger?: Logger
  /** @default portable; Node's own is faster */
  sha256?: Sha256
  /** From 0 to below 1; spreads syncs over time and peers. @default Math.random */
  random?: () => number
}

export interface ReplicaInit {
  /** Whether an author may write to a Job's log. @default everybody may */
  allow?: (jobId: string, author: PeerId) => boolean
  /** The same on all peers. @default DEFAULT_LIMITS */
  limits?: Partial<LogLimits>
  /** How often a log is compared with a random peer's. @default 10,000, ± a quarter */
  antiEntropyMs?: number
  /** Pause between tries to write to a store that fails. @default 2,000 */
  retryMs?: number
}

export interface LogReplica extends Replica {
  /** `read-only` while the store takes no write: appends reject, gossip is still followed as far as memory allows. */
  health(): StoreHealth
  /** True while the Job's log is open, or about to be. */
  isOpen(jobId: string): boolean
}

/** The logs of Jobs on this peer. Throws what Streams.serve throws. */
export async function createReplica(components: ReplicaComponents, init: ReplicaInit = {}): Promise<LogReplica> {
  const { streams, store, clock = systemClock, random = Math.random, sha256 = portableSha256, logger = silentLogger } = components
  const { allow = () => true, antiEntropyMs = 10_000, retryMs } = init
  const limits = { ...DEFAULT_LIMITS, ...init.limits }
  const journal = createJournal({ store, clock, logger }, retryMs === undefined ? {} : { retryMs })
  const limit = createFairLimiter({ maxAtOnce: MAX_SYNCS, maxOfKey: MAX_SYNCS_OF_JOB })
  const cores = new Map<string, JobCore>()
  const open = new Map<string, Promise<JobLog>>()
  const unserve = await streams.serve(
    LOG_SYNC,
    createSyncHandler((jobId) => cores.get(jobId)),
  )
  let stopping: Promise<void> | undefined

  const openLog = async (jobId: string, options: Abortable & { meetAt?: PeerId[] }): Promise<JobLog> => {
    const context = { jobId, job: jobHash(jobId), schema: components.schema, sha256 }
    const core = new JobCore({ context, limits, verify: components.verify, allow: (author) => allow(jobId, author), journal, logger })
    const { envelopes, damaged } = await loadLog({ core, store, journal, logger })
    logger.debug('log opened', { jobId, envelopes, damaged })
    options.signal?.throwIfAborted()
    journal.put(KEYS.job(context.job), new TextEncoder().encode(jobId))
    cores.set(jobId, core)
    const onClosed = () => {
      cores.delete(jobId)
      open.delete(jobId)
    }
    const parts = { ...components, core, journal, clock, random, limit, logger }
    return createJobLog(parts, { ...options, antiEntropyMs, onClosed }).catch((error: unknown) => {
      cores.delete(jobId)
      // Nothing of it was here before: not even its name stays.
      if (envelopes + damaged === 0) journal.delete(KEYS.job(context.job))
      throw error
    })
  }

  const stop = async () => {
    await Promise.allSettled([...open.values()].map(async (log) => (await log).close()))
    await unserve()
    await journal.stop()
  }

  return {
    async open(jobId, options = {}) {
      if (!JOB_ID.test(jobId)) throw new JobIdInvalidError(jobId)
      if (stopping) throw new LogClosedError(jobId)
      const present = open.get(jobId)
      if (present) return present
      const opened = openLog(jobId, options)
      open.set(jobId, opened)
      opened.catch(() => open.delete(jobId))
      return opened
    },
    async jobs() {
      await journal.settled()
      const ids: string[] = []
      for await (const [, value] of store.range(KEYS.jobs)) ids.push(new TextDecoder().decode(value))
      return ids
    },
    async remove(jobId) {
      await open.get(jobId)?.then((log) => log.close())
      await journal.settled()
      const job = jobHash(jobId)
      for (const prefix of [KEYS.logs(job), KEYS.proofs(job), KEYS.bad(KEYS.logs(job)), KEYS.bad(KEYS.proofs(job)), KEYS.job(job)]) {
        await removeAll(store, prefix)
      }
    },
    health: () => journal.health,
    isOpen: (jobId) => open.has(jobId),
    stop() {
      stopping ??= stop()
      return stopping
    },
  }
}

async function removeAll(store: Store, prefix: string): Promise<void> {
  let keys: string[] = []
  const flush = async () => {
    await store.write(
      keys.map((key) => ({ type: 'del', key })),
      { durable: false },
    )
    keys = []
  }
  for await (const [key] of store.range(prefix)) {
    keys.push(key)
    if (keys.length >= REMOVE_AT_ONCE) await flush()
  }
  await flush()
}
