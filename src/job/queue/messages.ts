import type { Slot } from './slots.ts'

/** A libp2p peer id in text form. */
export type PeerId = string

interface QueueMessageBase {
  /** Which queue this is about: `queueTag` of the MacroJob's id. */
  queue: number
  /** How many MicroJobs the queue has. */
  n: number
  /** The sender's epoch. */
  epoch: number
  /** What the sender has finished and not yet said so. */
  done: Slot[]
}

/** To all: whoever owns the queue, now or next, may answer. */
export interface QueueRequest extends QueueMessageBase {
  type: 'request'
  /** MicroJobs wanted. */
  want: number
}

export interface QueueHandOver {
  to: PeerId
  slots: Slot[]
}

/**
 * A run of hand-overs, by the owner of `epoch`: each `to` in turn becomes the owner of the next epoch and locks its slots; the last
 * keeps the queue. A first entry for the sender itself is a lock of its own, and no hand-over.
 */
export interface QueueGrant extends QueueMessageBase {
  type: 'grant'
  /** The sender's message number within its epoch, from 1. */
  seq: number
  branch: number
  leaseMs: number
  grants: QueueHandOver[]
  leaving: boolean
}

/** "The owner is lost; I am the next, and this is all I know." */
export interface QueueClaim extends QueueMessageBase {
  type: 'claim'
  snapshot: QueueSnapshot
}

/** A sign of life. Of the owner: of its place. Of a holder: of its locks. */
export interface QueueBeat extends QueueMessageBase {
  type: 'beat'
  seq: number
  branch: number
  /** The sender says that it owns `epoch`. */
  owner: boolean
  /** Beats of this sender, so that an old one renews nothing. */
  count: number
  /** Everything the sender has locked. */
  holding: Slot[]
  /** What the sender held and gives back unfinished. */
  released: Slot[]
  leaving: boolean
}

/** Asks one peer for all it knows, where no stream leads to it. */
export interface QueueSnapshotWanted extends QueueMessageBase {
  type: 'snapshot-wanted'
  peer: PeerId
}

export interface QueueSnapshotGiven extends QueueMessageBase {
  type: 'snapshot'
  snapshot: QueueSnapshot
}

export type QueueMessage = QueueRequest | QueueGrant | QueueClaim | QueueBeat | QueueSnapshotWanted | QueueSnapshotGiven

/** Locks made by one hand-over for one holder. */
export interface SnapshotLocks {
  /** Index into `holders`. */
  holder: number
  epoch: number
  seq: number
  /** What is left of the lease when the snapshot is sent. */
  leftMs: number
  slots: Slot[]
}

/** A whole queue as one peer sees it. */
export interface QueueSnapshot {
  epoch: number
  seq: number
  owner: PeerId
  branch: number
  /** Items beyond their first attempt. */
  attempts: Slot[]
  /** Bit i (of byte i/8, lowest first): item i has a record. */
  done: Uint8Array
  holders: PeerId[]
  locks: SnapshotLocks[]
}
