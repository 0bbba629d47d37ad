import { changeMember, type Draft, ownSlots, send, startDraft } from './draft.ts'
import type { QueueEffect, QueueEvent } from './events.ts'
import { applyGrant, fileRequest, forgetRequests, sendGrant, serve } from './grants.ts'
import { judgeQueueMessage, judgeSnapshot } from './judge.ts'
import { expireLocks, mergeHolding, record, release, reopen, report, shortenLocks } from './locks.ts'
import { hearFrom } from './members.ts'
import type { PeerId, QueueBeat, QueueMessage, QueueSnapshot, QueueSnapshotWanted } from './messages.ts'
import { adopt, isNews, openGap, ownerSpoke, supersedes } from './ownership.ts'
import { MAX_HELD } from './settings.ts'
import { makeSnapshot, mergeSnapshot } from './snapshot.ts'
import type { QueueState } from './state.ts'
import { claimIfDue, hasLostOwner, heirOf } from './succession.ts'
import { askForWork, feed, giveBack, hasStalled, releaseIdle, sendBeat, take } from './work.ts'

/**
 * The queue's whole behaviour: the next state, and what is to be done about it. Pure: the same state and event give the same answer,
 * and `state` stays as it was. Nothing that a stranger sends makes it throw, once it has passed the codec.
 */
export function reduceQueue(state: QueueState, event: QueueEvent): { state: QueueState; effects: QueueEffect[] } {
  const d = startDraft(state, event.nowMs)
  if (d.s.nowMs - state.nowMs > d.s.settings.frozenMs) wakeUp(d)
  handle(d, event)
  feed(d)
  askForWork(d)
  noteFinish(d)
  return { state: d.s, effects: d.effects }
}

/**
 * This process stood still. Its own leases have run out meanwhile, whatever it thinks; what the others did is still in the sockets, so
 * it listens before it accuses an owner of silence, and before it acts as one.
 */
function wakeUp(d: Draft): void {
  const { s } = d
  expireLocks(d)
  s.quietUntilMs = s.nowMs + s.settings.listenMs
  s.ownerHeardMs = s.nowMs
  s.servedMs = s.nowMs
}

function handle(d: Draft, event: QueueEvent): void {
  const { s } = d
  switch (event.type) {
    case 'tick':
      tick(d)
      break
    case 'message':
      receive(d, event.message, event.from)
      break
    case 'snapshot':
      receiveSnapshot(d, event.snapshot, event.from)
      break
    case 'peer':
      if (event.change === 'joined') meet(d, event.peer)
      else miss(d, event.peer)
      break
    case 'take':
      take(d)
      break
    case 'untake':
      s.takers = Math.max(0, s.takers - 1)
      break
    case 'recorded':
      record(d, event.slots, event.by)
      break
    case 'reopened':
      reopen(d, event.slots)
      break
    case 'excluded':
      exclude(d, event.peer)
      break
    case 'working':
      s.lastWorkMs = s.nowMs
      break
    case 'release':
      giveBack(d, event.slots)
      break
    case 'leave':
      leave(d)
      break
  }
}

function tick(d: Draft): void {
  const { s } = d
  expireLocks(d)
  forgetRequests(d)
  releaseIdle(d)
  serve(d)
  claimIfDue(d)
  if (s.gap !== undefined) closeOrRepeatGap(d)
  beatIfDue(d)
}

function closeOrRepeatGap(d: Draft): void {
  const { s } = d
  if (s.gap === undefined) return
  if (s.nowMs - s.gap.sinceMs > s.settings.gapMs) s.gap = undefined
  else openGap(d, s.gap.peer)
}

/** An owner beats where it has been silent; a holder where its locks want renewing; anybody who has something to report, or
 * was long silent. */
function beatIfDue(d: Draft): void {
  const { s } = d
  const { beatMs, leaseMs, reportMs, presentMs, acceptReports } = s.settings
  const silentMs = s.nowMs - s.lastSentMs
  const ownerDue = s.owner === s.self && silentMs >= beatMs
  const holderDue = s.ready.length + s.started.length > 0 && s.nowMs - s.lastRenewedMs >= leaseMs / 3 && !hasStalled(s)
  const reportDue =
    acceptReports && s.unreported.length > 0 && (silentMs >= reportMs || (s.openCount === 0 && s.ready.length + s.started.length === 0))
  const presenceDue = silentMs >= presentMs / 3
  if (ownerDue || holderDue || reportDue || presenceDue) sendBeat(d)
}

function receive(d: Draft, message: QueueMessage, from: PeerId): void {
  const { s } = d
  const verdict = judgeQueueMessage(s, message, from)
  if (verdict.verdict === 'reject') d.effects.push({ type: 'score', peer: from, code: verdict.code })
  if (verdict.verdict !== 'accept' || !hearFrom(d, from)) return
  expireLocks(d)
  report(d, from, message.done)
  switch (message.type) {
    case 'request':
      fileRequest(d, message, from)
      break
    case 'grant':
      applyGrant(d, message, from)
      break
    case 'beat':
      applyBeat(d, message, from)
      break
    case 'claim':
      applyClaim(d, message.snapshot, from)
      break
    case 'snapshot-wanted':
      giveSnapshot(d, message, from)
      break
    case 'snapshot':
      receiveSnapshot(d, message.snapshot, from)
      break
  }
}

function applyBeat(d: Draft, beat: QueueBeat, from: PeerId): void {
  const { s } = d
  if (beat.owner) followBeat(d, beat, from)
  const member = s.members.get(from)
  const isLater =
    member === undefined || beat.epoch > member.beatEpoch || (beat.epoch === member.beatEpoch && beat.count > member.beatCount)
  if (isLater) {
    changeMember(d, from, { beatEpoch: beat.epoch, beatCount: beat.count })
    mergeHolding(d, from, beat.holding)
    release(d, from, beat.released)
  }
  if (beat.leaving) miss(d, from)
}

function followBeat(d: Draft, { epoch, seq, branch }: QueueBeat, from: PeerId): void {
  const { s } = d
  const place = { epoch, seq, owner: from, branch }
  if (isNews(s, place) || (epoch === s.epoch && s.owner !== from && hasLostOwner(s))) {
    const strayed = adopt(d, place)
    openGap(d, from)
    if (strayed && ownSlots(s).length > 0) sendBeat(d)
  }
  if (s.owner === from && s.epoch === epoch) ownerSpoke(d)
}

function applyClaim(d: Draft, snapshot: QueueSnapshot, from: PeerId): void {
  const { s } = d
  if (!supersedes(s, snapshot.epoch, from) && !(snapshot.epoch === s.epoch && hasLostOwner(s))) return
  const wasHeardMs = s.owner === s.self ? s.lastSentMs : s.ownerHeardMs
  const isPresent = s.owner !== undefined && s.ownerLeftMs === undefined && s.nowMs - wasHeardMs < s.settings.ownerTimeoutMs / 2
  if (isPresent && !mayHoard(s)) d.effects.push({ type: 'score', peer: from, code: 'early-claim' })
  const strayed = adopt(d, snapshot)
  s.servedMs = s.nowMs
  mergeSnapshot(d, from, snapshot)
  if (strayed && ownSlots(s).length > 0) sendBeat(d)
}

/** True where somebody may rightly think that the owner sits on the queue: patience is shorter with one that did so before. */
const mayHoard = (s: QueueState) => s.nowMs - Math.max(s.servedMs, s.ownerSinceMs) >= s.settings.maxHoldMs / 32

function giveSnapshot(d: Draft, { peer }: QueueSnapshotWanted, from: PeerId): void {
  const { s } = d
  const member = s.members.get(from)
  if (peer !== s.self || member === undefined || s.nowMs - member.servedMs < s.settings.beatMs / 2) return
  changeMember(d, from, { servedMs: s.nowMs })
  send(d, { type: 'snapshot', snapshot: makeSnapshot(s) })
}

/** Believes whom it asked, and an owner about itself. */
function receiveSnapshot(d: Draft, snapshot: QueueSnapshot, from: PeerId): void {
  const { s } = d
  if (judgeSnapshot(s, snapshot, from).verdict !== 'accept') return
  const asked = s.gap?.peer === from
  if (!asked && snapshot.owner !== from) return
  const news = isNews(s, snapshot)
  if (!asked && !news && s.owner !== from) return
  const strayed = news && adopt(d, snapshot)
  mergeSnapshot(d, from, snapshot)
  if (asked) s.gap = undefined
  if (strayed && ownSlots(s).length > 0) sendBeat(d)
}

/** Somebody new, or back: it may not know what we hold. */
function meet(d: Draft, peer: PeerId): void {
  const { s } = d
  if (peer === s.self || !hearFrom(d, peer)) return
  if (peer === s.owner) s.ownerLeftMs = undefined
  if (s.owner === s.self || ownSlots(s).length > 0) sendBeat(d)
}

function miss(d: Draft, peer: PeerId): void {
  const { s } = d
  if (!s.members.has(peer)) return
  changeMember(d, peer, { left: true })
  s.pending = s.pending.filter((request) => request.peer !== peer)
  shortenLocks(d, peer, s.settings.holderLeftMs)
  if (peer === s.owner) s.ownerLeftMs ??= s.nowMs
}

function exclude(d: Draft, peer: PeerId): void {
  if (peer === d.s.self) return
  hearFrom(d, peer)
  miss(d, peer)
  changeMember(d, peer, { excluded: true })
  shortenLocks(d, peer, 0)
}

function leave(d: Draft): void {
  const { s } = d
  if (s.leaving) return
  const released = ownSlots(s).slice(0, MAX_HELD)
  release(d, s.self, released)
  s.leaving = true
  s.takers = 0
  sendBeat(d, { released, leaving: s.owner !== s.self })
  const heir = s.owner === s.self ? heirOf(s) : undefined
  if (heir !== undefined) sendGrant(d, [{ to: heir, slots: [] }], true)
}

function noteFinish(d: Draft): void {
  const { s } = d
  const finished = s.doneCount === s.n
  if (finished && !s.finished) {
    d.effects.push({ type: 'finished' })
    s.takers = 0
  }
  s.finished = finished
}
