import { changeMember, type Draft, send, wake } from './draft.ts'
import { alivePeers, isBanned, presentPeers } from './members.ts'
import type { PeerId } from './messages.ts'
import { adopt } from './ownership.ts'
import { branchOf, ranksBefore } from './rank.ts'
import { makeSnapshot } from './snapshot.ts'
import type { QueueState } from './state.ts'

/** Patience doubles with each claim against an owner that turned out to live, up to 48 s at the default of 1.5 s. */
const MAX_DOUBTS = 5
/** Patience halves with each time that an owner sat on the queue, down to 0.3 s at the default of 5 s. */
const MAX_HOARDS = 4

/** Claims the queue where its owner is lost or sits on it, and this peer's turn in the succession has come. */
export function claimIfDue(d: Draft): void {
  const { s } = d
  if (s.owner === s.self || s.finished || s.leaving || s.nowMs < s.quietUntilMs) return
  const lostMs = lostAtMs(s)
  const hoardedMs = hoardedAtMs(s)
  const dueMs = Math.min(lostMs, hoardedMs)
  if (s.nowMs < dueMs || s.nowMs < dueMs + placeOf(s) * s.settings.claimStepMs) return
  claim(d, lostMs <= hoardedMs ? 'lost' : 'hoards')
}

/** True where one who speaks as the owner of our epoch may have it although it loses the tie: the owner we know is silent for good. */
export const hasLostOwner = (s: QueueState): boolean => s.owner !== s.self && s.nowMs >= lostAtMs(s)

/** When the owner counts as lost, unless it is heard before. */
function lostAtMs(s: QueueState): number {
  const { settings, owner, ownerHeardMs, ownerLeftMs } = s
  const member = owner === undefined ? undefined : s.members.get(owner)
  if (member?.excluded) return Number.NEGATIVE_INFINITY
  const patience = 2 ** Math.min(member?.doubts ?? 0, MAX_DOUBTS)
  const silentMs = ownerHeardMs + settings.ownerTimeoutMs * patience
  return ownerLeftMs === undefined ? silentMs : Math.min(silentMs, ownerLeftMs + settings.ownerLeftMs * patience)
}

/** When the owner counts as sitting on the queue: something is open, somebody waits, and nobody is served (FAULTS 13). */
function hoardedAtMs(s: QueueState): number {
  const waiting = s.pending.find(({ peer }) => !isBanned(s, peer))?.sinceMs
  const ours = s.asked === undefined ? undefined : s.hungrySinceMs
  if (s.openCount === 0 || s.owner === undefined || (waiting === undefined && ours === undefined)) return Number.POSITIVE_INFINITY
  const waitingMs = Math.min(waiting ?? Number.POSITIVE_INFINITY, ours ?? Number.POSITIVE_INFINITY)
  const hoards = Math.min(s.members.get(s.owner)?.hoards ?? 0, MAX_HOARDS)
  return Math.max(waitingMs, s.servedMs, s.ownerSinceMs, s.openSinceMs) + s.settings.maxHoldMs / 2 ** hoards
}

/** How many peers come before this one in the succession to the next epoch. */
function placeOf(s: QueueState): number {
  let place = 0
  for (const peer of presentPeers(s)) {
    if (peer !== s.self && peer !== s.owner && ranksBefore(s.macroId, s.epoch + 1, peer, s.self)) place++
  }
  return place
}

function claim(d: Draft, why: 'lost' | 'hoards'): void {
  const { s } = d
  const before = s.owner === undefined ? undefined : s.members.get(s.owner)
  if (before !== undefined && why === 'lost') changeMember(d, before.peer, { doubts: before.doubts + 1 })
  if (before !== undefined && why === 'hoards') {
    changeMember(d, before.peer, { hoards: before.hoards + 1 })
    d.effects.push({ type: 'score', peer: before.peer, code: 'hoards' })
  }
  const epoch = s.epoch + 1
  adopt(d, { epoch, seq: 0, owner: s.self, branch: branchOf(s.macroId, epoch, s.self) })
  s.servedMs = s.nowMs
  s.gap = undefined
  send(d, { type: 'claim', snapshot: makeSnapshot(s) })
  wake(d, s.settings.collectMs)
}

/** Who gets the queue from one that leaves: who waits for it, else the first in rank, of the living if there are any. */
export function heirOf(s: QueueState): PeerId | undefined {
  const alive = alivePeers(s)
  const waiting = s.pending.find(({ peer }) => alive.has(peer) && !isBanned(s, peer))
  if (waiting !== undefined) return waiting.peer
  const heirs = alive.size > 1 ? alive : presentPeers(s)
  heirs.delete(s.self)
  return [...heirs].sort((a, b) => (ranksBefore(s.macroId, s.epoch + 1, a, b) ? -1 : 1))[0]
}
