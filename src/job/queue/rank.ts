import { sha256 } from '@noble/hashes/sha2.js'
import { utf8ToBytes } from '@noble/hashes/utils.js'
import type { PeerId } from './messages.ts'

/** The first 48 bits of a SHA-256, exact in a double. */
function hash48(text: string): number {
  const bytes = sha256(utf8ToBytes(text))
  let value = 0
  for (let i = 0; i < 6; i++) value = value * 256 + bytes[i]!
  return value
}

/** A short name of the queue, in each of its messages: what was said about another MacroJob does not fit. */
export const queueTag = (macroId: string): number => hash48(`minga/queue/${macroId}`)

/** A peer's place in the succession to `epoch`: the lowest comes first, and wins where two own one epoch. */
export const rankOf = (macroId: string, epoch: number, peer: PeerId): number => hash48(`minga/queue/${macroId}/${epoch}/${peer}`)

/**
 * The line of owners that descends from one claim. Within a branch each owner was named by the one before, so two owners of one epoch
 * and branch prove a forgery; two of different branches are the honest work of a partition.
 */
export const branchOf = (macroId: string, epoch: number, claimant: PeerId): number =>
  hash48(`minga/queue/${macroId}/claim/${epoch}/${claimant}`)

/** True where `a` comes before `b` in the succession to `epoch`. */
export function ranksBefore(macroId: string, epoch: number, a: PeerId, b: PeerId): boolean {
  const rankA = rankOf(macroId, epoch, a)
  const rankB = rankOf(macroId, epoch, b)
  return rankA === rankB ? a < b : rankA < rankB
}

/** A 32-bit seed for `homeScore`. */
export const homeSeed = (macroId: string, peer: PeerId): number => hash48(`minga/queue/${macroId}/home/${peer}`) % 2 ** 32

/** Rendezvous hashing: an item's home is the peer with the highest score. Mixed, not hashed: nothing is won by steering it. */
export function homeScore(seed: number, item: number): number {
  let x = seed ^ Math.imul(item + 1, 0x9e3779b1)
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return (x ^ (x >>> 16)) >>> 0
}
