import type { Logger } from '../log.ts'
import type { Clock, PeerId } from '../ports.ts'

/** Peers that wait for a sync beyond the one under way: what is dropped comes back with the next round. */
const MAX_DUE = 16

export interface SyncScheduleComponents {
  clock: Clock
  random: () => number
  sync: (peer: PeerId) => Promise<unknown>
  peers: () => PeerId[]
  logger: Logger
}

export interface SyncSchedule {
  /** Syncs with `peer` at a random moment of the next `withinMs`, once for all calls until then. */
  soon(peer: PeerId, withinMs: number): void
  stop(): void
}

/** Syncs with a random peer every `intervalMs` ± a quarter, and with named ones when asked to. */
export function createSyncSchedule({ clock, random, sync, peers, logger }: SyncScheduleComponents, intervalMs: number): SyncSchedule {
  const stopped = new AbortController()
  const due = new Set<PeerId>()

  const attempt = (peer: PeerId) =>
    sync(peer).catch((error: unknown) => {
      if (!stopped.signal.aborted) logger.debug('sync failed', { peer, error: String(error) })
    })

  const pause = (ms: number) => clock.sleep(ms, { signal: stopped.signal })

  const repeat = async () => {
    for (;;) {
      await pause(intervalMs * (0.75 + random() / 2))
      const members = peers()
      const peer = members[Math.floor(random() * members.length)]
      if (peer !== undefined) await attempt(peer)
    }
  }
  repeat().catch(() => {})

  return {
    soon(peer, withinMs) {
      if (stopped.signal.aborted || due.has(peer) || due.size >= MAX_DUE) return
      due.add(peer)
      pause(random() * withinMs)
        .then(() => {
          due.delete(peer)
          return attempt(peer)
        })
        .catch(() => {})
    },
    stop() {
      stopped.abort()
    },
  }
}
