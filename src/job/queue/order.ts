import type { PeerId } from './messages.ts'
import type { QueueState } from './state.ts'

/**
 * Up to `max` open items for `peer`: its own share first, then the shares of the living from the front, then those of everybody else
 * from the back. So the two halves of a partition take disjoint MicroJobs until one has nothing of its own side left, and even then
 * they meet last.
 */
export function pickItems(s: QueueState, peer: PeerId, max: number, alive: ReadonlySet<PeerId>): number[] {
  const own: number[] = []
  const living: number[] = []
  for (let item = 0; item < s.n && own.length < max; item++) {
    if (s.items[item]!.status !== 'open') continue
    const home = s.homes.of[item]
    if (home === peer) own.push(item)
    else if (living.length < max && home !== undefined && alive.has(home)) living.push(item)
  }
  const picked = [...own, ...living.slice(0, max - own.length)]
  for (let item = s.n - 1; item >= 0 && picked.length < max; item--) {
    const home = s.homes.of[item]
    if (s.items[item]!.status === 'open' && home !== peer && (home === undefined || !alive.has(home))) picked.push(item)
  }
  return picked
}

/** MicroJobs of one hand-over: half of an equal share, so that the last ones spread over all. */
export const batchOf = (s: QueueState, alive: number): number =>
  Math.max(1, Math.min(s.settings.maxBatch, Math.ceil(s.openCount / (2 * Math.max(1, alive)))))
