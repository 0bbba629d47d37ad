import type { Abortable, Clock, PeerId } from '../ports.ts'

/** What the holders say they lack is asked for so many times, so long apart: one of them may still be taking it in. */
const LACKING_TRIES = 4
const PAUSE_MS = 2000
/** A holder that does not answer may be restarting: time for a machine to boot. A Job is given up for ever, so this is not short. */
const AWAY_MS = 120_000

export interface PatienceForHolders extends Abortable {
  clock: Clock
  /** Peers that promised to keep the Job's code and data. */
  holders: readonly PeerId[]
}

/** The result of `fetch`, tried again as long as a holder that has not answered may come back. Throws what the last try threw. */
export async function fetchPatiently<T>(fetch: () => Promise<T>, { clock, holders, signal }: PatienceForHolders): Promise<T> {
  const startMs = clock.nowMs()
  for (let tries = 1; ; tries++) {
    try {
      return await fetch()
    } catch (error) {
      const isOver = clock.nowMs() - startMs >= AWAY_MS || (tries >= LACKING_TRIES && isLost(error, holders))
      if (signal?.aborted || isOver) throw error
      await clock.sleep(PAUSE_MS, { ...(signal && { signal }) })
    }
  }
}

/** True where an error of the blocks shows that every holder was reached and lacks what was asked for, or gave false bytes. */
export function isLost(error: unknown, holders: readonly PeerId[]): boolean {
  // Told by name and shape: roles do not import adapters.
  const { name, attempts = [] } = error as { name?: string; attempts?: readonly { source: string; lacks?: boolean }[] }
  if (name !== 'BlockNotFoundError') return true
  return holders.every((peer) => attempts.some(({ source, lacks }) => source === peer && lacks))
}
