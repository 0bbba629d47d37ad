import type { PeerId } from './messages.ts'
import { homeScore, homeSeed } from './rank.ts'

/** Each item's home by rendezvous hashing: a newcomer takes over its share, and nothing else moves. */
export interface Homes {
  readonly of: readonly (PeerId | undefined)[]
  readonly score: Float64Array
}

export const emptyHomes = (n: number): Homes => ({ of: new Array<undefined>(n).fill(undefined), score: new Float64Array(n).fill(-1) })

export function withHome({ of, score }: Homes, macroId: string, peer: PeerId): Homes {
  const seed = homeSeed(macroId, peer)
  const homes = of.slice()
  const scores = score.slice()
  for (let item = 0; item < homes.length; item++) {
    const challenger = homeScore(seed, item)
    if (challenger < scores[item]!) continue
    // Peers that tie are told apart by their ids, so that the order in which they came does not matter.
    if (challenger === scores[item]! && peer > homes[item]!) continue
    homes[item] = peer
    scores[item] = challenger
  }
  return { of: homes, score: scores }
}
