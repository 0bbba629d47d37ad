import { changeMember, type Draft, removeMember, setMember } from './draft.ts'
import { emptyHomes, withHome } from './homes.ts'
import type { PeerId } from './messages.ts'
import { MAX_MEMBERS } from './settings.ts'
import { isHeld, type Member, newMember, type QueueState } from './state.ts'

const heardWithin = (s: QueueState, member: Member, ms: number): boolean =>
  !member.left && !member.excluded && s.nowMs - member.heardMs <= ms

export const isBanned = (s: Pick<QueueState, 'nowMs' | 'members'>, peer: PeerId): boolean => {
  const member = s.members.get(peer)
  return member !== undefined && (member.excluded || s.nowMs < member.bannedUntilMs)
}

/** This peer, and the members that neither left nor were excluded and were heard of late. */
export const alivePeers = (s: QueueState): Set<PeerId> => peersHeardWithin(s, s.settings.aliveMs)

/** The same with more patience: all that have a place in the succession. */
export const presentPeers = (s: QueueState): Set<PeerId> => peersHeardWithin(s, s.settings.presentMs)

function peersHeardWithin(s: QueueState, ms: number): Set<PeerId> {
  const peers = new Set([s.self])
  for (const member of s.members.values()) if (heardWithin(s, member, ms)) peers.add(member.peer)
  return peers
}

/** Notes a sign of life. False where the peer is new and nobody can be forgotten for it. */
export function hearFrom(d: Draft, peer: PeerId): boolean {
  const { s } = d
  const member = s.members.get(peer)
  if (member !== undefined) {
    setMember(d, { ...member, heardMs: s.nowMs, left: false })
    return true
  }
  if (s.members.size >= MAX_MEMBERS - 1 && !forgetSomebody(d)) return false
  setMember(d, newMember(peer, s.nowMs))
  s.homes = withHome(s.homes, s.macroId, peer)
  return true
}

/** The peer silent for longest that owns nothing, holds nothing and has nothing against its name. */
function forgetSomebody(d: Draft): boolean {
  const { s } = d
  const needed = new Set(s.items.flatMap(({ status, holder }) => (isHeld(status) && holder !== undefined ? [holder] : [])))
  const free = [...s.members.values()].filter(
    (member) =>
      member.peer !== s.owner && !needed.has(member.peer) && !heardWithin(s, member, s.settings.aliveMs) && !isBanned(s, member.peer),
  )
  if (free.length === 0) return false
  const { peer } = free.reduce((oldest, member) => (member.heardMs < oldest.heardMs ? member : oldest))
  removeMember(d, peer)
  s.pending = s.pending.filter((request) => request.peer !== peer)
  s.homes = [s.self, ...s.members.keys()].reduce((homes, each) => withHome(homes, s.macroId, each), emptyHomes(s.n))
  return true
}

/** A lock or report ran out unfulfilled: the ban lasts as long as it held things up, and at least twice the last time (FAULTS 14). */
export function strike(d: Draft, peer: PeerId, code: 'lock-expired' | 'done-without-record', wastedMs = 0): void {
  const { s } = d
  const member = s.members.get(peer)
  if (member === undefined) return
  const banMs = Math.min(s.settings.maxBanMs, Math.max(wastedMs, s.settings.banMs * 2 ** member.strikes))
  changeMember(d, peer, { strikes: Math.min(member.strikes + 1, 32), bannedUntilMs: s.nowMs + banMs })
  s.pending = s.pending.filter((request) => request.peer !== peer)
  d.effects.push({ type: 'score', peer, code })
}

export function forgive(d: Draft, peer: PeerId): void {
  const member = d.s.members.get(peer)
  if (member !== undefined && member.strikes > 0) changeMember(d, peer, { strikes: Math.floor(member.strikes / 2) })
}
