/**
 * The MicroJob queue of one MacroJob: in memory at every peer, owned by one at a time (seeds/001 "MicroJob Processing" 1–2;
 * docs/PROTOCOL.md "MicroJob queue"). A pure reducer: whoever has a clock and a network drives it.
 */
export type { QueueEffect, QueueEvent, QueueOffence, QueueVerdict } from './queue/events.ts'
export { judgeQueueMessage } from './queue/judge.ts'
export type {
  QueueBeat,
  QueueClaim,
  QueueGrant,
  QueueHandOver,
  QueueMessage,
  QueueRequest,
  QueueSnapshot,
  QueueSnapshotGiven,
  QueueSnapshotWanted,
  SnapshotLocks,
} from './queue/messages.ts'
export { branchOf, queueTag, rankOf } from './queue/rank.ts'
export { reduceQueue } from './queue/reducer.ts'
export * from './queue/settings.ts'
export { attemptOf, itemOf, type Slot, slotOf } from './queue/slots.ts'
export { MAX_LOCK_RUNS, makeSnapshot, snapshotWanted } from './queue/snapshot.ts'
export { createQueueState, type Item, type ItemStatus, type Member, type QueueInit, type QueueState } from './queue/state.ts'
