import type { Clock } from '../../ports.ts'

/** One lost packet is no outage; two failures in a row are not waited for a third time. */
const FAILURES_TO_OPEN = 2
const FIRST_REST_MS = 500
/** A block takes 12 s on the slowest chain in use: an endpoint that is back is noticed within about one. */
const LONGEST_REST_MS = 15_000

export interface Breaker {
  /** True where the source may be asked now. After a rest, one caller may try, and its outcome decides for all. */
  allows(): boolean
  succeeded(): void
  failed(): void
}

/** Rests a source that keeps failing, twice as long each time. */
export function createBreaker(clock: Pick<Clock, 'nowMs'>): Breaker {
  let failures = 0
  let restMs = FIRST_REST_MS
  let openUntilMs = Number.NEGATIVE_INFINITY
  return {
    allows() {
      if (failures < FAILURES_TO_OPEN) return true
      const now = clock.nowMs()
      if (now < openUntilMs) return false
      openUntilMs = now + restMs
      return true
    },
    succeeded() {
      failures = 0
      restMs = FIRST_REST_MS
    },
    failed() {
      if (++failures < FAILURES_TO_OPEN) return
      openUntilMs = clock.nowMs() + restMs
      restMs = Math.min(restMs * 2, LONGEST_REST_MS)
    },
  }
}
