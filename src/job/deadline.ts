import type { Problem } from './errors.ts'
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

/** What is wrong with a deadline that has passed: peers would give such a Job up at once, or an hour later. What is no time at all, the schema tells. */
export function pastProblems(deadline: unknown, unixMs: number): Problem[] {
  if (typeof deadline !== 'number' || !Number.isSafeInteger(deadline) || deadline < 0 || deadline * SECOND_MS > unixMs) return []
  const time = new Date(deadline * SECOND_MS)
  return [{ path: 'deadline', message: `expected a time to come, in seconds since 1970, found ${time.toISOString()}` }]
}
