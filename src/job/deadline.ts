import type { Problem } from './errors.ts'
import { LEAST_LEFT_SECONDS } from './escrow-facts.ts'
import type { JobInfo } from './info.ts'

const SECOND_MS = 1000

/**
 * The clocks of honest machines are up to an hour wrong (a time zone, a missed change of summer time), and nobody compares them: a peer gives a Job up so
 * long after its deadline by its own clock, so that a clock that is fast ends no Job early.
 */
export const CLOCK_TOLERANCE_MS = 3_600_000

/** How long the Job still has at Unix time `unixMs`, in milliseconds: 0 where its deadline has passed, infinite where it has none. */
export function remainingMs({ deadline }: Pick<JobInfo, 'deadline'>, unixMs: number): number {
  return deadline === null ? Number.POSITIVE_INFINITY : Math.max(0, deadline * SECOND_MS - unixMs)
}

/**
 * What is wrong with a deadline that has passed: peers would give such a Job up at once, or an hour later. A paid Job (`pays`) that ends soon they do not begin.
 * What is no time at all, the schema tells.
 */
export function pastProblems(deadline: unknown, unixMs: number, pays = false): Problem[] {
  const leastMs = pays ? LEAST_LEFT_SECONDS * SECOND_MS : 0
  if (typeof deadline !== 'number' || !Number.isSafeInteger(deadline) || deadline < 0 || deadline * SECOND_MS > unixMs + leastMs) return []
  const time = new Date(deadline * SECOND_MS)
  const wanted = pays
    ? `a time that is more than ${LEAST_LEFT_SECONDS} s away, as peers begin no paid Job that ends sooner`
    : 'a time to come'
  return [{ path: 'deadline', message: `expected ${wanted}, in seconds since 1970, found ${time.toISOString()}` }]
}
