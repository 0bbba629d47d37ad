import type { Draw } from './bench.ts'
import type { MacroVerdict } from './judge.ts'
import type { Proposal } from './proposals.ts'

export type AgreedMacroJob = Extract<MacroVerdict, { state: 'agreed' }>

/** Whose commit, and which of its commits. */
export interface Pick {
  author: string
  attempt: number
}

/** A peer whose part in the chunk is over, and where that showed; `block` counts within the MicroJob. */
export interface Culprit {
  peer: string
  macro: number
  /** N where it was the validation. */
  micro: number
  block: number
  attempt: number
  /** Absent where its result differs from what others computed. */
  reason?: 'no-stake'
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
  culprits: Culprit[]
  /** What was agreed on the word of a validator that the escrow takes none of: it is judged again. */
  refused: Map<number, AgreedMacroJob>
  /** For each author the number of attempts that were given up while it kept back what it had committed to. */
  withheld: Map<string, number>
  /** For each peer the number of attempts that were given up while it was asked to judge, and did not answer. */
  silent: Map<string, number>
  /** By picked commit: the validators of some attempt that said that its result is not to be had. */
  lacked: Map<string, Set<string>>
  /** For each peer the number of attempts that were given up while it could have said whether it has what another lacks, and said nothing. */
  undecided: Map<string, number>
  attempts: Attempt[]
  /** The attempt under way; undefined when all MacroJobs of the chunk are agreed, or `isExhausted`. */
  current: Attempt | undefined
  /** Authors whose commits nobody builds on any more (view.ts). */
  twoHeaded: Set<string>
  /** Authors without a bond: nobody builds on their work either, and it counts for whatever was built on it before. */
  unstaked: Set<string>
}

/** All attempts are used up and MacroJobs are left: the nonce chains end here, so that the chunk can not be agreed any more. */
export function isExhausted({ attempts, current, agreed, macros }: ChunkState): boolean {
  return current === undefined && attempts.length > 0 && agreed.size < macros.length
}

/** Peers convicted anywhere in the chunk. */
export function culpritsOf({ culprits }: ChunkState): Set<string> {
  return new Set(culprits.map(({ peer }) => peer))
}

/** One attempt may end before a peer that is busy has answered. */
const MAX_SILENT = 2

/** Who may not judge in the next attempt, or is not waited for: the culprits, and who was asked twice and answered nothing. */
export function unableIn(state: ChunkState): { barred: Set<string>; silent: Set<string> } {
  const silent = [...state.silent].filter(([, times]) => times >= MAX_SILENT).map(([peer]) => peer)
  return { barred: culpritsOf(state), silent: new Set(silent) }
}

/**
 * Who was asked to judge, and has not answered once; nobody where an attempt waits for a processor, since it may be given up for that before the turn of a
 * second validator has come.
 */
export function unanswered(verdicts: readonly MacroVerdict[]): string[] {
  const open = verdicts.filter((verdict) => verdict.state === 'open')
  if (open.some(({ committed, hidden }) => committed && hidden.length > 0)) return []
  const disputes = open.flatMap((verdict) => verdict.disputes)
  const validating = verdicts.flatMap((verdict) => (verdict.state === 'agreed' ? [verdict.validator] : []))
  const answered = new Set([...validating, ...open.flatMap((verdict) => verdict.answered), ...disputes.flatMap(({ voted }) => voted)])
  const idle = open.flatMap(({ committed, validators }) => (committed ? [] : validators))
  return [...new Set([...idle, ...disputes.flatMap(({ voters }) => voters)])].filter((peer) => !answered.has(peer))
}

/** A peer that crashed comes back and may try again; who keeps back a second time would do so until no attempt is left. */
const MAX_WITHHELD = 2

/** Peers whose new commits do not count in the chunk: the culprits, and who has kept back too often. The latter may still judge. */
export function barredFrom(state: ChunkState): Set<string> {
  const often = [...state.withheld].filter(([, times]) => times >= MAX_WITHHELD).map(([peer]) => peer)
  return new Set([...culpritsOf(state), ...often])
}
