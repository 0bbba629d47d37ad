import type { Duty } from './duties.ts'
import type { ReopenDuty } from './reopen-duty.ts'
import { outputBytesOf } from './slice.ts'
import type { Slicing } from './slicing.ts'

/** How long a peer waits for others before it does what would be theirs to do. */
export interface Patience {
  /** For a living peer of an earlier rank, by kind of duty. */
  proposeMs: number
  validateMs: number
  recheckMs: number
  finalizeMs: number
  /** For the transactions of a living peer: one must be seen to have been mined. */
  chainMs: number
  /** For the proof of a living peer, and its transaction. */
  settleMs: number
  /** No progress in an attempt for so long, and this peer votes that it is stuck. */
  stuckMs: number
  /**
   * The same where all whom the attempt waits for have left: time for a peer that crashed to come back and open what it committed to. Of a first attempt
   * also where none of its roots can be fixed any more.
   */
  goneMs: number
  /** For each peer of an earlier rank that has left: the news of its leaving may be wrong. */
  deadMs: number
}

/** Enough for a peer that is busy with a MicroJob of its own; all of it can be set by the operator. */
export const DEFAULT_PATIENCE: Patience = {
  proposeMs: 2000,
  validateMs: 15_000,
  recheckMs: 15_000,
  finalizeMs: 5000,
  chainMs: 20_000,
  // The largest circuit takes 18 s of CPU (docs/BENCHMARKS.md, 8), and three times as long where the peer computes besides: a second proof of the same, begun sooner,
  // would slow the first down and be for nothing. Who is dead is waited for half a second, who has no circuits not at all (escrow-duties.ts); who lives and lies about them costs the Job this once, of a day.
  settleMs: 60_000,
  stuckMs: 45_000,
  goneMs: 5000,
  deadMs: 500,
}

/** A slower device than ours is waited for as well. */
const SLOWER_PEER = 4

/** The slowest line that is waited for: 8 Mbit/s, in bytes a millisecond. */
export const MIN_BYTES_PER_MS = 1000

/**
 * The patience for a Job whose blocks take `blockMs` here: a validator runs one of each MicroJob, on a device that may be slower, and fetches the results
 * of all, on a line that may be slow.
 */
export function patienceFor(patience: Patience, slicing: Slicing, blockMs: number): Patience {
  const { microJobs, blocks } = slicing
  const transferMs = (microJobs * blocks * outputBytesOf(slicing)) / MIN_BYTES_PER_MS
  const validateMs = Math.max(patience.validateMs, SLOWER_PEER * microJobs * blockMs) + transferMs
  const recheckMs = Math.max(patience.recheckMs, SLOWER_PEER * blockMs)
  return { ...patience, validateMs, recheckMs, stuckMs: Math.max(patience.stuckMs, 3 * validateMs) }
}

export interface DutyTimes {
  /** Since when the duty stands. */
  sinceMs: number
  /** Since when its attempt has made no progress. */
  stillMs: number
  alive(peer: string): boolean
}

/** When a duty is due, on the clock of `times`. */
export function dutyDueMs(duty: Duty, patience: Patience, { sinceMs, stillMs, alive }: DutyTimes): number {
  if (duty.kind === 'reopen') return stillMs + reopenMs(duty, patience, alive)
  const each = waitFor(duty.kind, patience)
  return duty.before.reduce((due, peer) => due + (alive(peer) ? each : patience.deadMs), sinceMs)
}

function reopenMs({ record, awaited, ground }: ReopenDuty, { stuckMs, goneMs }: Patience, alive: DutyTimes['alive']): number {
  // It has looked as long as a result may take, and is not the only one.
  if (ground === 'lacks-too') return 0
  const waits = record.items.length > 0 || awaited.length > 0
  if (waits && !awaited.some(alive)) return goneMs
  // Twice as long each time: a network that falls apart again and again must not use up all attempts while it does.
  if (ground === 'spoilt') return Math.min(stuckMs, goneMs * 2 ** record.attempt)
  // Before those who would end the attempt without a word about what is lacking, its author among them.
  return ground === 'lacks' ? stuckMs / 2 : stuckMs
}

const CHAIN_DUTIES = new Set<Duty['kind']>(['engage', 'commit-root', 'pin-beacon', 'convict', 'refund'])

function waitFor(kind: Duty['kind'], patience: Patience): number {
  if (kind === 'propose') return patience.proposeMs
  if (kind === 'validate') return patience.validateMs
  if (kind === 'recheck') return patience.recheckMs
  if (kind === 'settle') return patience.settleMs
  if (CHAIN_DUTIES.has(kind)) return patience.chainMs
  return patience.finalizeMs
}
