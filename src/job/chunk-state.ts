import type { Draw } from './bench.ts'
import type { MacroVerdict } from './judge.ts'
import type { Proposal } from './proposals.ts'

export type AgreedMacroJob = Extract<MacroVerdict, { state: 'agreed' }>

/** Whose commit, and which of its commits. */
export interface Pick {
  author: string
  attempt: number
}

/** One round of commit, root, beacon, challenge and reveal over the MacroJobs of a chunk that are not agreed yet. */
export interface Attempt {
  attempt: number
  /** MacroJobs that are not agreed before this attempt. */
  pending: number[]
  /** For each pending MacroJob the MicroJobs that nobody has processed (again) yet. */
  open: Map<number, number[]>
  /** The commit that a proposal picks for a MicroJob; undefined while it is open. */
  pickOf(macro: number, micro: number): Pick | undefined
  authorOf(macro: number, micro: number): string | undefined
  proposals: Proposal[]
  draw: Draw | undefined
  verdicts: MacroVerdict[]
  /** True where the next attempt takes over: all verdicts stand and some failed, or the authors voted that it is stuck. */
  over: boolean
}

export interface ChunkState {
  chunk: number
  macros: number[]
  agreed: Map<number, AgreedMacroJob>
  culprits: { peer: string; macro: number; micro: number; block: number; attempt: number }[]
  /** For each author the number of attempts that were given up while it kept back what it had committed to. */
  withheld: Map<string, number>
  /** By picked commit: the validators of some attempt that said that its result is not to be had. */
  lacked: Map<string, Set<string>>
  attempts: Attempt[]
  /** The attempt under way; undefined when all MacroJobs of the chunk are agreed, or `isExhausted`. */
  current: Attempt | undefined
  /** Authors whose commits nobody builds on any more (view.ts). */
  twoHeaded: Set<string>
}

/** All attempts are used up and MacroJobs are left: the nonce chains end here, so that the chunk can not be agreed any more. */
export function isExhausted({ attempts, current, agreed, macros }: ChunkState): boolean {
  return current === undefined && attempts.length > 0 && agreed.size < macros.length
}

/** Peers convicted anywhere in the chunk. */
export function culpritsOf({ culprits }: ChunkState): Set<string> {
  return new Set(culprits.map(({ peer }) => peer))
}

/** A peer that crashed comes back and may try again; who keeps back a second time would do so until no attempt is left. */
const MAX_WITHHELD = 2

/** Peers whose new commits do not count in the chunk: the culprits, and who has kept back too often. The latter may still judge. */
export function barredFrom(state: ChunkState): Set<string> {
  const often = [...state.withheld].filter(([, times]) => times >= MAX_WITHHELD).map(([peer]) => peer)
  return new Set([...culpritsOf(state), ...often])
}
