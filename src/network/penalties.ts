/** Points fade to half in this time: an offence is forgiven in minutes, a flood is not. */
const HALF_LIFE_MS = 30_000
/** Below this nothing happens: one odd message of a peer with a newer version costs it nothing. */
const FREE_POINTS = 3
/** Above this the peer is disconnected and refused. */
const BAN_POINTS = 100
/** The ban ends below this: about 30 s after the last offence, a minute at most. */
const UNBAN_POINTS = 50
const MAX_POINTS = 200
const MAX_PEERS = 4096

/** What strangers did wrong, as points that fade. Gossip's score and the connection gater read it. */
export interface Penalties {
  add(peer: string, points: number): void
  /** 0 or negative, for gossipsub: −80 (its graylist threshold) is reached at 12 points. */
  score(peer: string): number
  isBanned(peer: string): boolean
}

/** Calls `onBan` once when a peer's points pass the limit. */
export function createPenalties(init: { nowMs: () => number; onBan: (peer: string) => void }): Penalties {
  const entries = new Map<string, { points: number; atMs: number; banned: boolean }>()

  const read = (peer: string) => {
    const entry = entries.get(peer)
    if (entry === undefined) return undefined
    const nowMs = init.nowMs()
    entry.points *= 2 ** ((entry.atMs - nowMs) / HALF_LIFE_MS)
    entry.atMs = nowMs
    if (entry.points < UNBAN_POINTS) entry.banned = false
    return entry
  }

  return {
    add(peer, points) {
      const entry = read(peer) ?? { points: 0, atMs: init.nowMs(), banned: false }
      entries.delete(peer)
      entries.set(peer, entry)
      if (entries.size > MAX_PEERS) entries.delete(entries.keys().next().value as string)
      entry.points = Math.min(MAX_POINTS, entry.points + points)
      if (entry.points < BAN_POINTS || entry.banned) return
      entry.banned = true
      init.onBan(peer)
    },
    score(peer) {
      const points = read(peer)?.points ?? 0
      return points <= FREE_POINTS ? 0 : -((points - FREE_POINTS) ** 2)
    },
    isBanned: (peer) => read(peer)?.banned ?? false,
  }
}
