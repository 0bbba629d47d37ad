import type { JobId } from '../job/ids.ts'
import type { PeerId } from '../ports.ts'
import type { Place } from './held-places.ts'
import type { Mirror } from './job-mirror.ts'
import type { JobSession } from './job-session.ts'

export interface Held {
  session: JobSession
  mirror: Mirror
  /** What it takes of this holder, and who may be held to account for it: its requester, and whoever asked. */
  place: Place
}

/**
 * Of the Jobs that are over those that give way, oldest first in `held`, so that `keep` stay: first those that came to nothing, then those of whoever has
 * most. A flood of cancelled Jobs, or of one requester's, pushes out no other's results.
 */
export function givingWay(held: ReadonlyMap<JobId, Held>, keep: number): Held[] {
  const over = [...held.values()].filter(({ mirror }) => mirror.isOver())
  const gone: Held[] = []
  while (over.length > keep) {
    const worthless = over.findIndex(({ mirror }) => !mirror.hasResult())
    const next = worthless === -1 ? oldestOfMost(over) : worthless
    gone.push(...over.splice(next, 1))
  }
  return gone
}

function oldestOfMost(over: readonly Held[]): number {
  const counts = new Map<PeerId, number>()
  for (const { place } of over) for (const owner of new Set(place.owners)) counts.set(owner, (counts.get(owner) ?? 0) + 1)
  const most = Math.max(...counts.values())
  return over.findIndex(({ place }) => place.owners.some((owner) => counts.get(owner) === most))
}
