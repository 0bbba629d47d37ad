import { abortable } from '../abortable.ts'
import type { Logger } from '../log.ts'
import type { Abortable, Channels, Clock, JobLog, PeerId, Signer, Streams, VerifySignature } from '../ports.ts'
import { LogClosedError } from './errors.ts'
import { joinGossip } from './gossip.ts'
import type { JobCore } from './job-core.ts'
import type { Journal } from './journal.ts'
import type { FairLimiter } from './limiter.ts'
import { OwnLog } from './own-log.ts'
import { SyncClient, type SyncCounts } from './sync-client.ts'
import { createSyncSchedule } from './sync-schedule.ts'

/** A gap is mostly filled by a message that is on its way; and the peers that saw it must not all ask at once. */
const GAP_MS = 200
/** A peer that joined asks itself; the others look whether they lack something, but not all at once. */
const JOINED_MS = 1000

/**
 * A peer with nothing of its own on this disk may have lost it: before it writes, it asks what it wrote, for so long. Two values for one key
 * would convict it.
 */
const FIRST_SYNC_MS = 3000
/** Members asked before the first append; each may be gone. */
const FIRST_MEMBERS = 3

export interface JobLogComponents {
  core: JobCore
  channels: Channels
  streams: Streams
  signer: Signer
  verify: VerifySignature
  journal: Journal
  clock: Clock
  random: () => number
  limit: FairLimiter
  logger: Logger
}

export interface JobLogInit extends Abortable {
  meetAt?: PeerId[]
  antiEntropyMs: number
  onClosed: () => void
}

/** Joins the Job's gossip and keeps the log equal to that of its peers until `close`. */
export async function createJobLog(components: JobLogComponents, { antiEntropyMs, onClosed, ...options }: JobLogInit): Promise<JobLog> {
  const { core, channels, signer, logger, clock, random, limit } = components
  const { jobId } = core.context
  const closed = new AbortController()
  const client = new SyncClient(components)
  const syncing = new Map<PeerId, Promise<SyncCounts>>()
  let hasSynced = false

  const sync = (peer: PeerId): Promise<SyncCounts> => {
    const running = syncing.get(peer)
    if (running) return running
    const started = limit(jobId, async () => {
      closed.signal.throwIfAborted()
      const counts = await client.sync(peer, closed.signal)
      hasSynced = true
      return counts
    }).finally(() => syncing.delete(peer))
    syncing.set(peer, started)
    return started
  }

  // Before `peers` can be asked there is nobody to sync with.
  let peers = (): PeerId[] => []
  const schedule = createSyncSchedule({ clock, random, sync, logger, peers: () => peers() }, antiEntropyMs)
  const onGap = (peer: PeerId) => schedule.soon(peer, GAP_MS)
  const gossip = await joinGossip({ channels, core, logger, onGap }, options).catch((error: unknown) => {
    schedule.stop()
    throw error
  })
  peers = () => gossip.channel.peers()
  const meet = (peer: PeerId) => schedule.soon(peer, hasSynced ? JOINED_MS : 0)
  const unwatch = gossip.channel.onPeer((peer, change) => {
    if (change === 'joined') meet(peer)
  })
  const isKnownHere = [...core.state.logs()].some(({ author }) => author === signer.peer)
  const ready = meetFirst({ peers: peers(), sync, clock, signal: closed.signal })
  const own = new OwnLog({
    ...components,
    ready: isKnownHere ? Promise.resolve() : ready,
    publish: (envelopes) => gossip.publish(envelopes),
  })

  let closing: Promise<void> | undefined
  const close = async () => {
    await own.close()
    closed.abort(new LogClosedError(jobId))
    schedule.stop()
    unwatch()
    await gossip.channel.close()
    await Promise.allSettled(syncing.values())
    await components.journal.settled()
    core.state.destroy()
    onClosed()
  }

  return {
    jobId,
    append: (entries) => own.append(entries),
    entries: () => core.state.entries(),
    onEntries: (listener) => core.onEntries(listener),
    syncWith: async (peer, { signal } = {}) => {
      closed.signal.throwIfAborted()
      return abortable(sync(peer), signal)
    },
    bound: (quota) => core.bound(quota),
    equivocators: () => [...core.state.convicted.keys()],
    close() {
      closing ??= close()
      return closing
    },
  }
}

/** Syncs with one of the first members: the others are met as they join, or by anti-entropy. Resolves after FIRST_SYNC_MS at the latest. */
async function meetFirst({ peers, sync, clock, signal }: MeetFirstFacts): Promise<void> {
  const meet = async () => {
    for (const peer of peers.slice(0, FIRST_MEMBERS)) {
      try {
        await sync(peer)
        return
      } catch {
        // Gone, or busy: the next one.
      }
    }
  }
  const enough = new AbortController()
  const tooLong = clock.sleep(FIRST_SYNC_MS, { signal: AbortSignal.any([enough.signal, signal]) }).catch(() => {})
  await Promise.race([meet(), tooLong])
  enough.abort()
}

interface MeetFirstFacts {
  peers: PeerId[]
  sync: (peer: PeerId) => Promise<unknown>
  clock: Clock
  signal: AbortSignal
}
