import { changeMember, type Draft } from './draft.ts'
import type { PeerId } from './messages.ts'
import { branchOf, ranksBefore } from './rank.ts'
import { MAX_HISTORY } from './settings.ts'
import type { QueueState } from './state.ts'

/** A place that somebody says the queue has reached. */
export interface Place {
  epoch: number
  seq: number
  owner: PeerId
  branch: number
}

/** True where `owner` of `epoch` replaces the owner that we know: the higher epoch wins, and on a tie the lower rank. */
export function supersedes(s: QueueState, epoch: number, owner: PeerId): boolean {
  if (epoch !== s.epoch) return epoch > s.epoch
  return owner !== s.owner && (s.owner === undefined || ranksBefore(s.macroId, epoch, owner, s.owner))
}

/** True where the place is later than ours: another owner that supersedes, or the same one further on. */
export const isNews = (s: QueueState, { epoch, seq, owner }: Place): boolean =>
  supersedes(s, epoch, owner) || (epoch === s.epoch && owner === s.owner && seq > s.seq)

/** Moves to a later place. Gives true where the branch changed: others do not know what we did on the old one. */
export function adopt(d: Draft, { epoch, seq, owner, branch }: Place): boolean {
  const { s } = d
  const changed = epoch !== s.epoch || owner !== s.owner
  const strayed = s.epoch > 0 && branch !== s.branch
  s.seq = seq
  s.branch = branch
  s.ownerHeardMs = s.nowMs
  s.ownerLeftMs = undefined
  if (!changed) return strayed
  s.epoch = epoch
  s.owner = owner
  s.ownerSinceMs = s.nowMs
  s.pending = s.pending.filter(({ peer }) => peer !== owner)
  if (owner === s.self) s.asked = undefined
  remember(d, epoch, owner)
  d.effects.push({ type: 'owner', peer: owner, epoch, claimed: branch === branchOf(s.macroId, epoch, owner) })
  return strayed
}

export function remember(d: Draft, epoch: number, owner: PeerId): void {
  d.s.history = [...d.s.history.filter((known) => known.epoch !== epoch), { epoch, owner }].slice(-MAX_HISTORY)
}

export const ownerAt = (s: QueueState, epoch: number): PeerId | undefined =>
  epoch === s.epoch ? s.owner : s.history.findLast((known) => known.epoch === epoch)?.owner

/** The owner spoke as owner: it lives, and what we held against it shrinks. */
export function ownerSpoke(d: Draft): void {
  const { s } = d
  s.ownerHeardMs = s.nowMs
  s.ownerLeftMs = undefined
  const member = s.owner === undefined ? undefined : s.members.get(s.owner)
  if (member !== undefined && member.doubts > 0) changeMember(d, member.peer, { doubts: member.doubts - 1 })
}

/** Something was missed: ask `peer`, who has it. */
export function openGap(d: Draft, peer: PeerId): void {
  const { s } = d
  if (peer === s.self) return
  if (s.gap?.peer === peer && s.nowMs - s.gap.askedMs < s.settings.beatMs) return
  s.gap = { peer, sinceMs: s.gap?.sinceMs ?? s.nowMs, askedMs: s.nowMs }
  d.effects.push({ type: 'fetch-snapshot', peer })
}
