import type { JobInfo } from './info.ts'
import type { RecordOf } from './records.ts'
import { rankPeers, sampledBlocks } from './sampling.ts'
import type { Drawn } from './settlement/draw.ts'
import type { JobView } from './view.ts'

/** How many peers, in the order of the draw, may validate a MacroJob in one attempt: one, and two more where it stays silent. */
const VALIDATOR_RANKS = 3
/** How many peers, in the order of the draw, may be asked about a disputed block: two, and two more for a tie or silence. */
const RECHECK_RANKS = 4

/** A root that all its authors have opened their nonces for, and what was drawn from it. */
export interface Draw {
  attempt: number
  record: RecordOf<'root'>
  root: Uint8Array
  beacon: Uint8Array
  challenge: bigint
  /** In a paid Job, what the proof opens of each MacroJob of the chunk. */
  opened?: readonly Drawn[]
}

export interface Bench {
  /** Judges in order: those that processed nothing in the MacroJob first, and last who was asked in vain before. */
  ranking: string[]
  /** Those of them, in the same order, whose word the escrow takes for the opened MicroJob: they may validate. All may be asked about a dispute. */
  vouching: string[]
  picked: string[]
  /** The attempt of each picked commit. */
  at: number[]
  samples: number[]
  barred: ReadonlySet<string>
  /** Peers that answered nothing when they were asked in earlier attempts. */
  silent: ReadonlySet<string>
}

/** Who may not judge, or no longer does. */
export interface Unable {
  barred: ReadonlySet<string>
  silent: ReadonlySet<string>
}

/** Who may judge MacroJob `macro` after `draw`, and which block of each MicroJob. */
export function benchOf(view: JobView, info: JobInfo, draw: Draw, macro: number, { barred, silent }: Unable): Bench {
  const { record, challenge } = draw
  const pick = record.picks.find((candidate) => candidate.macro === macro)
  const picked = (pick?.by ?? []).map((index) => record.authors[index] as string)
  const able = record.members.filter((peer) => view.peers.has(peer) && !barred.has(peer) && fitsClass(view, info, peer))
  const ranked = rankPeers(challenge, macro, able)
  const processed = new Set(picked)
  const heard = ranked.filter((peer) => !silent.has(peer))
  const ranking = [
    ...heard.filter((peer) => !processed.has(peer)),
    ...heard.filter((peer) => processed.has(peer)),
    ...ranked.filter((peer) => silent.has(peer)),
  ]
  return {
    ranking,
    vouching: ranking.filter((peer) => mayVouch(view, info, draw, macro, picked, peer)),
    picked,
    at: pick?.at ?? [],
    samples: sampledBlocks(info.seed, macro, challenge, info.slicing.microJobs, info.slicing.blocks),
    barred,
    silent,
  }
}

/** True for a peer that could still judge the work of another. */
export function mayJudge(view: JobView, info: JobInfo, { barred, silent }: Unable, peer: string): boolean {
  return !barred.has(peer) && !silent.has(peer) && !view.complaints.has(peer) && fitsClass(view, info, peer)
}

/** The escrow takes no word for the opened MicroJob from the wallet that processed it. */
function mayVouch(view: JobView, info: JobInfo, { opened }: Draw, macro: number, picked: readonly string[], peer: string): boolean {
  const processor = picked[opened?.[macro % info.slicing.chunkMacroJobs]?.micro ?? -1]
  if (processor === undefined) return true
  return view.peers.get(peer)?.wallet.toLowerCase() !== view.peers.get(processor)?.wallet.toLowerCase()
}

/**
 * The first peers of a ranking that may be asked. One that gave the Job up keeps its place, and as many more are asked: its complaint may come after what
 * it has said already, and must take nothing of that back.
 */
function firstAble(view: JobView, peers: readonly string[], count: number): string[] {
  let able = 0
  return peers.filter((peer) => {
    if (able >= count) return false
    if (!view.complaints.has(peer)) able++
    return true
  })
}

/** Where results compare bit by bit only within one numeric fingerprint, nobody else takes part. */
export function fitsClass(view: JobView, { verification }: JobInfo, peer: string): boolean {
  return verification.mode !== 'class' || view.peers.get(peer)?.fingerprint === verification.fingerprint
}

/** Who may validate, in the order of their ranks. */
export function validatorsOf(view: JobView, { vouching }: Bench): string[] {
  return firstAble(view, vouching, VALIDATOR_RANKS)
}

/** Third peers in the order of the draw; where the proposal named none, any that has joined: better a choosable voter than none. */
export function votersOf(
  view: JobView,
  info: JobInfo,
  draw: Draw,
  macro: number,
  { ranking, barred }: Bench,
  parties: readonly string[],
): string[] {
  const others = (peers: readonly string[]) =>
    firstAble(
      view,
      peers.filter((peer) => !parties.includes(peer)),
      RECHECK_RANKS,
    )
  const drawn = others(ranking)
  if (drawn.length > 0) return drawn
  const joined = [...view.peers.keys()].filter((peer) => !barred.has(peer) && fitsClass(view, info, peer))
  return others(rankPeers(draw.challenge, macro, joined))
}
