import type { QueueEffect } from './events.ts'
import type { PeerId, QueueMessage } from './messages.ts'
import { MAX_REPORTED } from './settings.ts'
import { type Slot, slotOf } from './slots.ts'
import { type Item, isHeld, type Member, type QueueState } from './state.ts'

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

/**
 * The next state while it is made. Scalars are set on `s`; items and members are copied at their first change, so that an event that
 * touches none costs no copy, and the state before it stays as it was.
 */
export interface Draft {
  readonly s: Mutable<QueueState>
  readonly effects: QueueEffect[]
  items: Item[] | undefined
  members: Map<PeerId, Member> | undefined
}

export const startDraft = (state: QueueState, nowMs: number): Draft => ({
  s: { ...state, nowMs: Math.max(state.nowMs, nowMs) },
  effects: [],
  items: undefined,
  members: undefined,
})

export function setItem(d: Draft, index: number, next: Item): void {
  const { s } = d
  const before = s.items[index]!
  if (d.items === undefined) {
    d.items = s.items.slice()
    s.items = d.items
  }
  d.items[index] = next
  if (before.status === 'open') s.openCount--
  if (before.status === 'done') s.doneCount--
  if (next.status === 'done') s.doneCount++
  if (next.status === 'open' && s.openCount++ === 0) s.openSinceMs = s.nowMs
  if (isHeld(next.status)) s.nextDeadlineMs = Math.min(s.nextDeadlineMs, next.deadlineMs)
  trackOwn(d, index, before, next)
}

/** Keeps `ready` and `started` in step with the locks: what is locked for us is ready, what no longer is was lost. */
function trackOwn(d: Draft, index: number, before: Item, next: Item): void {
  const { s } = d
  const had = before.status === 'locked' && before.holder === s.self
  const has = next.status === 'locked' && next.holder === s.self
  if (had && !(has && before.attempt === next.attempt)) loseSlot(d, slotOf(index, before.attempt))
  if (!has) return
  const slot = slotOf(index, next.attempt)
  if (!s.ready.includes(slot) && !s.started.includes(slot)) s.ready = [...s.ready, slot]
}

function loseSlot(d: Draft, slot: Slot): void {
  if (!dropOwn(d, slot)) return
  const last = d.effects.at(-1)
  if (last?.type === 'lost') last.slots.push(slot)
  else d.effects.push({ type: 'lost', slots: [slot] })
}

/** Takes a slot out of our hands without calling it lost. True where it was there. */
export function dropOwn(d: Draft, slot: Slot): boolean {
  const { s } = d
  const held = s.ready.length + s.started.length
  s.ready = without(s.ready, slot)
  s.started = without(s.started, slot)
  return s.ready.length + s.started.length < held
}

const without = (slots: readonly Slot[], slot: Slot) => (slots.includes(slot) ? slots.filter((other) => other !== slot) : slots)

export const ownSlots = ({ ready, started }: Pick<QueueState, 'ready' | 'started'>): Slot[] => [...started, ...ready]

export function setMember(d: Draft, member: Member): void {
  if (d.members === undefined) {
    d.members = new Map(d.s.members)
    d.s.members = d.members
  }
  d.members.set(member.peer, member)
}

export function changeMember(d: Draft, peer: PeerId, change: Partial<Member>): void {
  const member = d.s.members.get(peer)
  if (member !== undefined) setMember(d, { ...member, ...change })
}

export function removeMember(d: Draft, peer: PeerId): void {
  if (!d.s.members.has(peer)) return
  d.members ??= new Map(d.s.members)
  d.s.members = d.members
  d.members.delete(peer)
}

type Body<M> = M extends QueueMessage ? Omit<M, 'queue' | 'n' | 'epoch' | 'done'> & { epoch?: number } : never

/** Sends a message of this queue; what we have finished rides along. */
export function send(d: Draft, body: Body<QueueMessage>): QueueMessage {
  const { s } = d
  const done = s.unreported.slice(0, MAX_REPORTED)
  s.unreported = s.unreported.slice(MAX_REPORTED)
  const message = { queue: s.tag, n: s.n, epoch: s.epoch, done, ...body } as QueueMessage
  s.lastSentMs = s.nowMs
  d.effects.push({ type: 'send', message })
  return message
}

export function wake(d: Draft, afterMs: number): void {
  d.effects.push({ type: 'wake', afterMs })
}
