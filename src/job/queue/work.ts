import { type Draft, ownSlots, send, wake } from './draft.ts'
import { release, renewOwn } from './locks.ts'
import { MAX_HELD } from './settings.ts'
import type { Slot } from './slots.ts'
import type { QueueState } from './state.ts'

/** Weight of the latest pace in the smoothed one: two thirds of a change are seen after two MicroJobs. */
const PACE_WEIGHT = 0.5
/** A request is repeated when it has taken so many times as long as others did. */
const ANSWERS_WAITED = 3

/** Somebody here wants one more. The time since the last was given out is the pace of the work itself, waiting excluded. */
export function take(d: Draft): void {
  const { s } = d
  if (s.lastAssignedMs !== undefined && s.takers === 0) {
    const pace = s.nowMs - s.lastAssignedMs
    s.paceMs = s.paceMs === undefined ? pace : s.paceMs + PACE_WEIGHT * (pace - s.paceMs)
  }
  s.takers++
  s.lastTakeMs = s.nowMs
}

/** True while an owner should listen before it grants: it was frozen, or has not got what it missed. */
export const mustListen = (s: QueueState): boolean =>
  s.nowMs < s.quietUntilMs || (s.gap !== undefined && s.nowMs - s.gap.sinceMs < s.settings.gapMs)

/** Gives what is ready to those who wait. */
export function feed(d: Draft): void {
  const { s } = d
  const count = Math.min(s.takers, s.ready.length)
  if (count === 0) return
  const slots = s.ready.slice(0, count)
  s.ready = s.ready.slice(count)
  s.started = [...s.started, ...slots]
  s.takers -= count
  s.lastAssignedMs = s.nowMs
  s.lastWorkMs = s.nowMs
  d.effects.push({ type: 'assigned', slots })
}

/** MicroJobs that this peer works off in `batchMs`; one until its pace is known. */
function appetite({ paceMs, settings }: QueueState): number {
  if (paceMs === undefined) return 1
  return Math.max(1, Math.min(settings.maxBatch, Math.floor(settings.batchMs / Math.max(paceMs, 0.001))))
}

/** Where answers take long, because machines or links are busy, asking again sooner would only add to that. */
function retryAfterMs({ answerMs, settings }: QueueState, tries: number): number {
  const patientMs = settings.retryMs * 2 ** Math.min(tries - 1, 2)
  return Math.min(Math.max(patientMs, ANSWERS_WAITED * answerMs), settings.requestTtlMs * 0.75)
}

/** Our request was answered. */
export function noteAnswer(d: Draft): void {
  const { s } = d
  if (s.asked !== undefined) s.answerMs += PACE_WEIGHT * (s.nowMs - s.asked.sinceMs - s.answerMs)
  s.asked = undefined
}

/** How many MicroJobs to get now: for those who wait, or, at quick work, once half of the last batch is gone. */
export function wanted(s: QueueState): number {
  if (s.leaving || s.openCount === 0) return 0
  const want = appetite(s)
  const room = MAX_HELD - s.ready.length - s.started.length
  if (s.takers > 0) return Math.min(room, s.settings.maxBatch, Math.max(want, s.takers))
  const low = s.ready.length <= Math.floor(Math.min(want, s.lastBatch) / 2)
  return want > 1 && s.started.length > 0 && low ? Math.min(room, want) : 0
}

/** Makes our need known: to ourselves where we own the queue, else to all. */
export function askForWork(d: Draft): void {
  const { s } = d
  const want = wanted(s)
  if (want === 0) {
    s.hungrySinceMs = undefined
    return
  }
  s.hungrySinceMs ??= s.nowMs
  if (s.owner === s.self) {
    if (!mustListen(s)) wake(d, s.settings.collectMs)
    return
  }
  const { asked } = s
  if (asked !== undefined && s.nowMs - asked.lastMs < retryAfterMs(s, asked.tries)) return
  s.asked = { sinceMs: asked?.sinceMs ?? s.nowMs, lastMs: s.nowMs, tries: (asked?.tries ?? 0) + 1 }
  send(d, { type: 'request', want })
}

/**
 * What was fetched ahead should have been begun within `batchMs`. Where the work turns out slower, or nobody here asks any more, others
 * get it: they may stand idle, and they do not ask for what is locked.
 */
export function releaseIdle(d: Draft): void {
  const { s } = d
  if (s.takers > 0 || s.ready.length === 0) return
  const { batchMs, beatMs, leaseMs } = s.settings
  const waitedMs = s.nowMs - Math.max(s.lastAssignedMs ?? s.lastTakeMs, s.lastTakeMs)
  if (waitedMs <= (s.members.size > 0 ? Math.max(2 * batchMs, beatMs) : leaseMs)) return
  s.paceMs = Math.max(s.paceMs ?? 0, waitedMs)
  giveBack(d, s.ready)
}

export function giveBack(d: Draft, slots: readonly Slot[]): void {
  const { s } = d
  const held = ownSlots(s)
  const released = slots.filter((slot) => held.includes(slot)).slice(0, MAX_HELD)
  if (released.length === 0) return
  release(d, s.self, released)
  sendBeat(d, { released })
}

/** True where what we hold has seen no work for so long that others should have it: the caller hangs, or has forgotten it. */
export const hasStalled = (s: QueueState): boolean => s.nowMs - s.lastWorkMs > s.settings.workTimeoutMs

/** Says that we live, where we stand if we own the queue, and what we work on; renews that here as it does elsewhere. */
export function sendBeat(d: Draft, { released = [], leaving = false }: { released?: Slot[]; leaving?: boolean } = {}): void {
  const { s } = d
  const holding = hasStalled(s) ? [] : ownSlots(s).slice(0, MAX_HELD)
  s.beatCount++
  s.lastRenewedMs = s.nowMs
  if (holding.length > 0) renewOwn(d)
  send(d, { type: 'beat', seq: s.seq, branch: s.branch, owner: s.owner === s.self, count: s.beatCount, holding, released, leaving })
}
