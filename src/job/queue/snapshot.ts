import { type Draft, setItem } from './draft.ts'
import { epochOfStamp, hold, itemAt, mergeLock, seqOfStamp, stampOf } from './locks.ts'
import type { PeerId, QueueSnapshot, QueueSnapshotWanted, SnapshotLocks } from './messages.ts'
import { attemptOf, itemOf, slotOf } from './slots.ts'
import type { QueueState } from './state.ts'

/** Runs of locks in one snapshot; keeps it below a gossip message, and an honest one has two or three a member. */
export const MAX_LOCK_RUNS = 1_024

const hasBit = (bits: Uint8Array, index: number) => ((bits[index >> 3] ?? 0) >> (index & 7)) & 1

/** Everything this peer knows. Locks carry the time that is left, for our clock means nothing elsewhere. */
export function makeSnapshot(s: QueueState): QueueSnapshot {
  const done = new Uint8Array(Math.ceil(s.n / 8))
  const attempts: number[] = []
  const holders = new Map<PeerId, number>()
  const runs = new Map<string, SnapshotLocks>()
  s.items.forEach((item, index) => {
    if (item.attempt > 0) attempts.push(slotOf(index, item.attempt))
    if (item.status === 'done') done[index >> 3]! |= 1 << (index & 7)
    if ((item.status !== 'locked' && item.status !== 'reported') || item.holder === undefined) return
    const leftMs = Math.round(item.deadlineMs - s.nowMs)
    if (leftMs <= 0) return
    const key = `${item.stamp}/${leftMs}/${item.holder}`
    const run = runs.get(key)
    if (run !== undefined) run.slots.push(slotOf(index, item.attempt))
    else if (runs.size < MAX_LOCK_RUNS) {
      const holder = holders.get(item.holder) ?? holders.size
      holders.set(item.holder, holder)
      const slots = [slotOf(index, item.attempt)]
      runs.set(key, { holder, epoch: epochOfStamp(item.stamp), seq: seqOfStamp(item.stamp), leftMs, slots })
    }
  })
  const { epoch, seq, owner, branch } = s
  return { epoch, seq, owner: owner ?? s.self, branch, attempts, done, holders: [...holders.keys()], locks: [...runs.values()] }
}

/**
 * Merges what `from` knows. Its word that an item is done holds the item for one lease, until the record arrives; an attempt that we
 * have not heard of is left to the log.
 */
export function mergeSnapshot(d: Draft, from: PeerId, snapshot: QueueSnapshot): void {
  const attempts = new Map(snapshot.attempts.map((slot) => [itemOf(slot), attemptOf(slot)]))
  for (let index = 0; index < d.s.n; index++) {
    if (hasBit(snapshot.done, index)) mergeDone(d, from, index, attempts.get(index) ?? 0)
  }
  for (const { holder, epoch, seq, leftMs, slots } of snapshot.locks) {
    const lock = { holder: snapshot.holders[holder]!, stamp: stampOf(epoch, seq), leaseMs: leftMs, by: 'snapshot' as const }
    for (const slot of slots) mergeLock(d, slot, lock)
  }
}

function mergeDone(d: Draft, from: PeerId, index: number, attempt: number): void {
  const { s } = d
  const item = itemAt(s, slotOf(index, attempt))
  if (item === undefined || item.status === 'done' || item.status === 'reported') return
  if (s.settings.acceptReports) setItem(d, index, { ...item, status: 'done', holder: from })
  // What we hold ourselves we go on with until the log says so: a record is worth more than a word.
  else if (item.holder !== s.self || item.status !== 'locked') hold(d, index, from)
}

/** Asks `peer` on the channel for all it knows, where no stream leads to it. */
export const snapshotWanted = ({ tag, n, epoch }: QueueState, peer: PeerId): QueueSnapshotWanted => ({
  type: 'snapshot-wanted',
  queue: tag,
  n,
  epoch,
  done: [],
  peer,
})
