import { type Draft, dropOwn, setItem } from './draft.ts'
import { forgive, isBanned, strike } from './members.ts'
import type { PeerId } from './messages.ts'
import { MAX_ATTEMPT, MAX_HELD, MAX_SEQ } from './settings.ts'
import { attemptOf, itemOf, type Slot } from './slots.ts'
import { type Item, isHeld, openItem, type QueueState } from './state.ts'

/** A place in the queue's history as one number: epochs first, then messages within one. */
export const stampOf = (epoch: number, seq: number): number => epoch * (MAX_SEQ + 1) + seq
export const epochOfStamp = (stamp: number): number => Math.floor(stamp / (MAX_SEQ + 1))
export const seqOfStamp = (stamp: number): number => stamp % (MAX_SEQ + 1)

/** The item that a slot means, where it exists in just that attempt. */
export function itemAt(s: QueueState, slot: Slot): Item | undefined {
  const item = s.items[itemOf(slot)]
  return item?.attempt === attemptOf(slot) ? item : undefined
}

export interface Lock {
  holder: PeerId
  stamp: number
  leaseMs: number
  /** `grant`: the owner makes it now, so an open item takes it whatever happened before. `snapshot`: its time is fresh. */
  by: 'grant' | 'late-grant' | 'snapshot'
}

/** Merges a lock: the later place wins, whatever the order of arrival. The same lock heard twice changes nothing. */
export function mergeLock(d: Draft, slot: Slot, lock: Lock): void {
  const { s } = d
  const item = itemAt(s, slot)
  if (item === undefined || item.status === 'done') return
  // All peers have the Job's lease; a longer one is a stranger's wish.
  const leaseMs = Math.min(lock.leaseMs, s.settings.leaseMs)
  if (lock.stamp > item.stamp || (lock.by === 'grant' && item.status === 'open')) {
    const stamp = Math.max(lock.stamp, item.stamp)
    // Given again to its holder, a lock goes on where it was: it ends when the first would have.
    const sinceMs = item.status === 'locked' && item.holder === lock.holder ? item.sinceMs : s.nowMs
    const deadlineMs = Math.min(s.nowMs + leaseMs, sinceMs + s.settings.maxLockMs)
    setItem(d, itemOf(slot), { ...item, status: 'locked', holder: lock.holder, stamp, sinceMs, deadlineMs })
  } else if (lock.stamp < item.stamp) {
    return
  } else if (item.holder === lock.holder) {
    if (lock.by === 'snapshot') refresh(d, slot, item, leaseMs)
  } else if (item.status === 'locked' && item.holder !== undefined && lock.holder < item.holder) {
    // Two owners of one epoch, on the two sides of a partition, locked the same item: any rule does that all peers share.
    setItem(d, itemOf(slot), { ...item, holder: lock.holder, deadlineMs: s.nowMs + leaseMs })
  }
}

/** A lock that we saw end, because its renewals did not reach us, stands again; but not our own, for we have let go of that work. */
function refresh(d: Draft, slot: Slot, item: Item, leaseMs: number): void {
  if (item.status === 'open' && item.holder !== d.s.self) {
    setItem(d, itemOf(slot), { ...item, status: 'locked', deadlineMs: d.s.nowMs + leaseMs })
  } else renewItem(d, slot, item, leaseMs)
}

function renewItem(d: Draft, slot: Slot, item: Item, leaseMs: number): void {
  const { s } = d
  if (item.status !== 'locked') return
  const deadlineMs = Math.min(s.nowMs + leaseMs, item.sinceMs + s.settings.maxLockMs)
  if (deadlineMs > item.deadlineMs) setItem(d, itemOf(slot), { ...item, deadlineMs })
}

/**
 * A holder says what it works on. Its locks are renewed; an open item becomes its own again, for the grant may have been lost on the
 * way here, and nobody else has a claim. A holder of more than two batches, or banned, is not believed that.
 */
export function mergeHolding(d: Draft, holder: PeerId, slots: readonly Slot[]): void {
  const { s } = d
  let held = -1
  for (const slot of slots) {
    const item = itemAt(s, slot)
    if (item === undefined) continue
    if (item.status === 'locked' && item.holder === holder) renewItem(d, slot, item, s.settings.leaseMs)
    if (item.status !== 'open' || isBanned(s, holder)) continue
    if (held < 0) held = heldBy(s, holder)
    if (held >= MAX_HELD) return
    held++
    const { nowMs } = s
    setItem(d, itemOf(slot), { ...item, status: 'locked', holder, sinceMs: nowMs, deadlineMs: nowMs + s.settings.leaseMs })
  }
}

/** True where the owner now locks for `holder` what was locked for it already: that lock must have run out. */
export const isRelock = (s: QueueState, holder: PeerId, slots: readonly Slot[], stamp: number): boolean =>
  slots.some((slot) => {
    const item = itemAt(s, slot)
    return item?.status === 'locked' && item.holder === holder && item.stamp < stamp
  })

export function heldBy(s: QueueState, peer: PeerId): number {
  let held = 0
  for (const item of s.items) if (item.holder === peer && isHeld(item.status)) held++
  return held
}

export function renewOwn(d: Draft): void {
  for (const slot of [...d.s.started, ...d.s.ready]) {
    const item = itemAt(d.s, slot)
    if (item !== undefined) renewItem(d, slot, item, d.s.settings.leaseMs)
  }
}

/** Gives `slots` back, where `holder` has them. */
export function release(d: Draft, holder: PeerId, slots: readonly Slot[]): void {
  for (const slot of slots) {
    const item = itemAt(d.s, slot)
    if (item?.status !== 'locked' || item.holder !== holder) continue
    if (holder === d.s.self) dropOwn(d, slot)
    // Without a holder: a late word about this lock cannot bring it back.
    setItem(d, itemOf(slot), { ...item, status: 'open', holder: undefined, sinceMs: d.s.nowMs })
  }
}

/** A peer says that it finished these. Its word holds them for one lease, in which the record has to come. */
export function report(d: Draft, by: PeerId, slots: readonly Slot[]): void {
  const { s } = d
  for (const slot of slots) {
    const item = itemAt(s, slot)
    if (item === undefined || item.status === 'done' || item.status === 'reported') continue
    if (s.settings.acceptReports) setItem(d, itemOf(slot), { ...item, status: 'done', holder: by })
    else if (!isBanned(s, by) && (item.status === 'open' || item.holder === by)) hold(d, itemOf(slot), by)
  }
}

export function hold(d: Draft, index: number, by: PeerId): void {
  const { nowMs, items, settings } = d.s
  setItem(d, index, { ...items[index]!, status: 'reported', holder: by, sinceMs: nowMs, deadlineMs: nowMs + settings.leaseMs })
}

/** The log has records: done, whatever the queue says. One for a later attempt than ours is news of that attempt too. */
export function record(d: Draft, slots: readonly Slot[], by: PeerId | undefined): void {
  const { s } = d
  for (const slot of slots) {
    const item = s.items[itemOf(slot)]
    if (item === undefined || attemptOf(slot) > MAX_ATTEMPT || attemptOf(slot) < item.attempt) continue
    if (item.status === 'done' && item.attempt === attemptOf(slot)) continue
    if (by === s.self) {
      dropOwn(d, slot)
      s.unreported = [...s.unreported, slot]
    }
    setItem(d, itemOf(slot), { ...item, attempt: attemptOf(slot), status: 'done', holder: by })
  }
  if (by === s.self) s.lastWorkMs = s.nowMs
  else if (by !== undefined) forgive(d, by)
}

export function reopen(d: Draft, slots: readonly Slot[]): void {
  for (const slot of slots) {
    const item = d.s.items[itemOf(slot)]
    if (item === undefined || attemptOf(slot) > MAX_ATTEMPT || attemptOf(slot) <= item.attempt) continue
    setItem(d, itemOf(slot), openItem(attemptOf(slot), d.s.nowMs))
  }
}

/** Opens every item whose lock or report has run out, and counts that once against each holder. */
export function expireLocks(d: Draft): void {
  const { s } = d
  if (s.nowMs < s.nextDeadlineMs) return
  const blame = new Map<PeerId, { code: 'lock-expired' | 'done-without-record'; wastedMs: number }>()
  let next = Number.POSITIVE_INFINITY
  for (let index = 0; index < s.n; index++) {
    const item = s.items[index]!
    if (!isHeld(item.status)) continue
    if (item.deadlineMs > s.nowMs) {
      next = Math.min(next, item.deadlineMs)
      continue
    }
    if (item.holder !== undefined && item.holder !== s.self) {
      blame.set(item.holder, { code: item.status === 'locked' ? 'lock-expired' : 'done-without-record', wastedMs: s.nowMs - item.sinceMs })
    }
    setItem(d, index, { ...item, status: 'open', sinceMs: item.deadlineMs })
  }
  s.nextDeadlineMs = next
  for (const [peer, { code, wastedMs }] of blame) strike(d, peer, code, wastedMs)
}

/** A holder's connection went, or it was excluded: its locks end soon. */
export function shortenLocks(d: Draft, holder: PeerId, leftMs: number): void {
  const { s } = d
  for (let index = 0; index < s.n; index++) {
    const item = s.items[index]!
    if (!isHeld(item.status) || item.holder !== holder) continue
    const deadlineMs = Math.min(item.deadlineMs, s.nowMs + leftMs)
    if (deadlineMs < item.deadlineMs) setItem(d, index, { ...item, deadlineMs })
  }
}
