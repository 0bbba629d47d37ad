import type { PeerId, QueueMessage, QueueSnapshot } from './messages.ts'
import type { Slot } from './slots.ts'

/** All that can happen to a queue. `nowMs` is the receiver's own monotonic clock; times of two peers never meet. */
export type QueueEvent = { nowMs: number } & (
  | { type: 'tick' }
  | { type: 'message'; from: PeerId; message: QueueMessage }
  /** The answer to `fetch-snapshot`. */
  | { type: 'snapshot'; from: PeerId; snapshot: QueueSnapshot }
  | { type: 'peer'; peer: PeerId; change: 'joined' | 'left' }
  /** Somebody here waits for one MicroJob more. */
  | { type: 'take' }
  /** One of those does not wait any longer. */
  | { type: 'untake' }
  /** The Job's log has records for these; `by` is their author, where that is known. */
  | { type: 'recorded'; slots: readonly Slot[]; by?: PeerId }
  /** The agreement wants these done (again), in the attempts that the slots name. */
  | { type: 'reopened'; slots: readonly Slot[] }
  /** The peer was convicted: it gets nothing more, and what it says counts for nothing. */
  | { type: 'excluded'; peer: PeerId }
  /** The work on what we hold goes on: its locks are worth renewing. */
  | { type: 'working' }
  /** Gives back what this peer holds and will not finish. */
  | { type: 'release'; slots: readonly Slot[] }
  /** Gives back everything, and hands the queue over. */
  | { type: 'leave' }
)

/** Offences, as bounded codes for the network's score. */
export type QueueOffence =
  | 'early-claim'
  | 'hoards'
  | 'lock-expired'
  | 'done-without-record'
  | 'wrong-queue'
  | 'wrong-size'
  | 'bad-item'
  | 'bad-grant'
  | 'contradiction'
  | 'bad-snapshot'
  | 'forged-owner'
  | 'forged-claim'

/** All that a queue wants done. */
export type QueueEffect =
  | { type: 'send'; message: QueueMessage }
  /** Each slot goes to one `take`. */
  | { type: 'assigned'; slots: Slot[] }
  /** This peer's no longer: stop work on them, or submit what is ready once. */
  | { type: 'lost'; slots: Slot[] }
  | { type: 'score'; peer: PeerId; code: QueueOffence }
  | { type: 'fetch-snapshot'; peer: PeerId }
  /** Send a tick after so long, besides the regular ones. */
  | { type: 'wake'; afterMs: number }
  /** The queue has a new owner. */
  | { type: 'owner'; peer: PeerId; epoch: number; claimed: boolean }
  /** Every item has a record. Comes again after a `reopened`. */
  | { type: 'finished' }

/** The judgement of a stranger's message: the shape that a channel's `judge` returns. */
export type QueueVerdict = { verdict: 'accept' } | { verdict: 'reject'; code: QueueOffence } | { verdict: 'ignore'; code: string }
