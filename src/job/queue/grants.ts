import { changeMember, type Draft, ownSlots, send, wake } from './draft.ts'
import { heldBy, isRelock, type Lock, mergeLock, stampOf } from './locks.ts'
import { alivePeers, isBanned, strike } from './members.ts'
import type { PeerId, QueueGrant, QueueHandOver, QueueRequest } from './messages.ts'
import { batchOf, pickItems } from './order.ts'
import { adopt, isNews, openGap, ownerAt, ownerSpoke, remember } from './ownership.ts'
import { MAX_HELD, MAX_MEMBERS } from './settings.ts'
import { slotOf } from './slots.ts'
import type { QueueState } from './state.ts'
import { mustListen, noteAnswer, sendBeat, wanted } from './work.ts'

/** Hand-overs of a grant: its first entry may be the author's own lock, which is none. */
export const handOversOf = ({ grants }: QueueGrant, author: PeerId): number => grants.length - (grants[0]?.to === author ? 1 : 0)

/** Files a request: any later owner can serve it. */
export function fileRequest(d: Draft, { want, epoch }: QueueRequest, from: PeerId): void {
  const { s } = d
  offerAgain(d, from, epoch)
  if (isBanned(s, from) || from === s.owner || isAnswered(s, from, epoch)) return
  const known = s.pending.find(({ peer }) => peer === from)
  if (known !== undefined) {
    s.pending = s.pending.map((request) => (request === known ? { ...request, want, heardMs: s.nowMs } : request))
  } else if (s.pending.length < MAX_MEMBERS) {
    s.pending = [...s.pending, { peer: from, want, sinceMs: s.nowMs, heardMs: s.nowMs }]
  }
  if (s.owner !== s.self) return
  if (mayServeAtOnce(s, from, epoch)) serve(d)
  else wake(d, s.settings.collectMs)
}

/** Requests that come one by one have nobody to share a grant with. Who once disappointed lets others come first. */
const mayServeAtOnce = ({ members, nowMs, servedMs, settings, epoch: ours }: QueueState, from: PeerId, epoch: number): boolean =>
  nowMs - servedMs >= settings.calmMs && epoch <= ours && members.get(from)?.strikes === 0

/** True where the grant has overtaken its request: who has owned a later epoch since had what it asked for. */
const isAnswered = ({ history }: QueueState, from: PeerId, epoch: number): boolean =>
  history.some((known) => known.owner === from && known.epoch > epoch)

/** One who asks as if our hand-over to it had never been has not heard of it (FAULTS 3). */
function offerAgain(d: Draft, from: PeerId, epoch: number): void {
  const { s } = d
  const { lastGrant } = s
  if (lastGrant === undefined || s.nowMs - lastGrant.sentMs < s.settings.retryMs / 2) return
  const { message } = lastGrant
  if (epoch > message.epoch || !message.grants.some(({ to }) => to === from)) return
  s.lastGrant = { message, sentMs: s.nowMs }
  d.effects.push({ type: 'send', message })
}

export function forgetRequests(d: Draft): void {
  const { s } = d
  const ttlMs = s.settings.requestTtlMs
  if (s.pending.some(({ heardMs }) => s.nowMs - heardMs > ttlMs)) {
    s.pending = s.pending.filter(({ heardMs }) => s.nowMs - heardMs <= ttlMs)
  }
}

/** Answers all who wait, this peer among them, with one message. */
export function serve(d: Draft): void {
  const { s } = d
  if (s.owner !== s.self || s.openCount === 0 || s.leaving || mustListen(s)) return
  const waiting = waitingPeers(s)
  if (waiting.length === 0) return
  const alive = alivePeers(s)
  const batch = batchOf(s, alive.size)
  const { epoch } = s
  const seq = s.seq + 1
  let own: QueueHandOver | undefined
  const others: QueueHandOver[] = []
  for (const { peer, want } of waiting) {
    if (s.openCount === 0) break
    const room = peer === s.self ? MAX_HELD : MAX_HELD - heldBy(s, peer)
    const picked = pickItems(s, peer, Math.min(batch, want, room), alive)
    if (picked.length === 0) continue
    const handOver = { to: peer, slots: picked.map((item) => slotOf(item, s.items[item]!.attempt)) }
    if (peer === s.self) own = handOver
    else others.push(handOver)
    const stamp = peer === s.self ? stampOf(epoch, seq) : stampOf(epoch + others.length, 0)
    for (const slot of handOver.slots) mergeLock(d, slot, { holder: peer, stamp, leaseMs: s.settings.leaseMs, by: 'grant' })
  }
  if (own !== undefined) s.lastBatch = own.slots.length
  sendGrant(d, own === undefined ? others : [own, ...others], false)
}

/** Who wants something: who never disappointed first, then the longest waiting. */
function waitingPeers(s: QueueState): { peer: PeerId; want: number; sinceMs: number }[] {
  const waiting: { peer: PeerId; want: number; sinceMs: number }[] = s.pending.filter(
    ({ peer }) => peer !== s.self && !isBanned(s, peer) && s.members.get(peer)?.left === false,
  )
  const want = wanted(s)
  if (want > 0) waiting.push({ peer: s.self, want, sinceMs: s.hungrySinceMs ?? s.nowMs })
  const strikes = ({ peer }: { peer: PeerId }) => s.members.get(peer)?.strikes ?? 0
  return waiting.sort((a, b) => strikes(a) - strikes(b) || a.sinceMs - b.sinceMs)
}

export function sendGrant(d: Draft, grants: QueueHandOver[], leaving: boolean): void {
  const { s } = d
  if (grants.length === 0) return
  const { epoch, branch, self, settings } = s
  const message = send(d, { type: 'grant', seq: s.seq + 1, branch, leaseMs: settings.leaseMs, grants, leaving }) as QueueGrant
  const last = grants.at(-1)!.to
  if (last === self) {
    s.seq++
    return
  }
  follow(d, message, self)
  adopt(d, { epoch: epoch + handOversOf(message, self), seq: 0, owner: last, branch })
  s.servedMs = s.nowMs
  s.lastGrant = { message, sentMs: s.nowMs }
}

/** Notes a run of hand-overs: who owned which epoch, and whose requests are answered. */
function follow(d: Draft, { epoch, grants }: QueueGrant, author: PeerId): void {
  const { s } = d
  let at = epoch
  for (const { to } of grants) if (to !== author) remember(d, ++at, to)
  const served = new Set(grants.map(({ to }) => to))
  if (s.pending.some(({ peer }) => served.has(peer))) s.pending = s.pending.filter(({ peer }) => !served.has(peer))
}

/** Follows the owner's hand-overs. One that comes late still locks what it locked, where its author did own its epoch. */
export function applyGrant(d: Draft, message: QueueGrant, from: PeerId): void {
  const { s } = d
  const handOvers = handOversOf(message, from)
  const last = message.grants.at(-1)!.to
  const place =
    handOvers === 0
      ? { epoch: message.epoch, seq: message.seq, owner: from, branch: message.branch }
      : { epoch: message.epoch + handOvers, seq: 0, owner: last, branch: message.branch }
  const news = isNews(s, place)
  if (!news && ownerAt(s, message.epoch) !== from && ownerAt(s, place.epoch) !== place.owner) return
  const missed = news && !(s.epoch === message.epoch && s.owner === from && s.seq === message.seq - 1)
  let strayed = false
  if (news) {
    if (message.epoch >= s.epoch) remember(d, message.epoch, from)
    follow(d, message, from)
    strayed = adopt(d, place)
    if (handOvers > 0) s.servedMs = s.nowMs
  }
  if (s.owner === from && s.epoch === place.epoch) ownerSpoke(d)
  lockAll(d, message, from, news ? 'grant' : 'late-grant')
  if (message.leaving) changeMember(d, from, { left: true })
  if (strayed && ownSlots(s).length > 0) sendBeat(d)
  if (missed) openGap(d, from)
  if (s.owner === s.self) wake(d, s.settings.collectMs)
}

function lockAll(d: Draft, { epoch, seq, leaseMs, grants }: QueueGrant, author: PeerId, by: Lock['by']): void {
  const { s } = d
  let at = epoch
  for (const { to, slots } of grants) {
    const stamp = to === author ? stampOf(epoch, seq) : stampOf(++at, 0)
    if (isRelock(s, to, slots, stamp)) strike(d, to, 'lock-expired')
    // An owner that lets its locks expire would otherwise lock the same items again before anybody else is served (FAULTS 14).
    else if (to === author && isBanned(s, author)) continue
    const held = ownSlots(s).length
    for (const slot of slots) mergeLock(d, slot, { holder: to, stamp, leaseMs, by })
    // An old copy answers nothing.
    if (to !== s.self || ownSlots(s).length === held) continue
    noteAnswer(d)
    s.lastBatch = Math.max(1, slots.length)
  }
}
