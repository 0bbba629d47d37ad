import { benchOf, type Draw, type Unable } from './bench.ts'
import { type AgreedMacroJob, type Attempt, barredFrom, type ChunkState, type Pick, unableIn, unanswered } from './chunk-state.ts'
import { Commits } from './commits.ts'
import { isOvertaken, isSettled, withoutStake } from './escrow-facts.ts'
import type { JobInfo } from './info.ts'
import { judgeMacroJob, type MacroVerdict } from './judge.ts'
import { undecidedJudges } from './lacking.ts'
import { paidVerdict } from './paid-verdict.ts'
import { fixedDraws, namesAny, type Proposal, proposalRank, proposalsOf } from './proposals.ts'
import { MAX_ATTEMPTS } from './records.ts'
import { refusedValidators } from './refusals.ts'
import { applyReopenVotes, electorates } from './reopening.ts'
import { chunkOf, type JobView, macrosOf, twoHeaded } from './view.ts'

const cache = new WeakMap<JobView, Map<number, { version: number; state: ChunkState }>>()

/** The state of one chunk, computed from the records alone: any two peers with the same records compute the same. */
export function chunkState(view: JobView, info: JobInfo, chunk: number): ChunkState {
  const version = view.chunkVersions.get(chunk) ?? -1
  const ofView = cache.get(view) ?? new Map<number, { version: number; state: ChunkState }>()
  cache.set(view, ofView)
  const known = ofView.get(chunk)
  if (known !== undefined && known.version === version) return known.state
  const state = computeChunk(view, info, chunk)
  ofView.set(chunk, { version, state })
  return state
}

/**
 * What the escrow has paid is agreed, even where its validator was refused meanwhile, since it had its bond again or the chain was faster than the peers,
 * and whatever else was heard too late.
 */
function computeChunk(view: JobView, info: JobInfo, chunk: number): ChunkState {
  const first = foldChunk(view, info, chunk, new Set())
  const isLost = (state: ChunkState, macro: number) => !state.agreed.has(macro) && isSettled(view, chunk, state.macros.indexOf(macro))
  const paid = new Set([...first.refused.keys()].filter((macro) => isLost(first, macro)))
  const state = paid.size === 0 ? first : foldChunk(view, info, chunk, paid)
  for (const macro of state.macros) {
    const verdict = isLost(state, macro) ? paidVerdict(view, info, state, macro) : undefined
    if (verdict !== undefined) state.agreed.set(macro, verdict)
  }
  if (state.agreed.size === state.macros.length) state.current = undefined
  return state
}

/** `paid` are MacroJobs in which no refusal counts. */
function foldChunk(view: JobView, info: JobInfo, chunk: number, paid: ReadonlySet<number>): ChunkState {
  const macros = macrosOf(info, chunk)
  const state: ChunkState = {
    chunk,
    macros,
    agreed: new Map(),
    culprits: [],
    refused: new Map(),
    withheld: new Map(),
    silent: new Map(),
    lacked: new Map(),
    undecided: new Map(),
    attempts: [],
    current: undefined,
    twoHeaded: twoHeaded(view, info, chunk),
    unstaked: withoutStake(view),
  }
  /** By MicroJob and author, the first attempt whose commits are built on: a later one where an attempt was given up for its sake. */
  const since = new Map<string, number>()
  for (let number = 0; number < MAX_ATTEMPTS; number++) {
    const pending = macros.filter((macro) => !state.agreed.has(macro))
    if (pending.length === 0) return state
    const attempt = computeAttempt(view, info, state, since, number, pending, paid)
    state.attempts.push(attempt)
    if (!attempt.over) {
      state.current = attempt
      return state
    }
  }
  return state
}

function computeAttempt(
  view: JobView,
  info: JobInfo,
  state: ChunkState,
  since: Map<string, number>,
  number: number,
  pending: number[],
  paid: ReadonlySet<number>,
): Attempt {
  const unable = unableIn(state)
  const commits = new Commits(view, info, state, since, { culprits: unable.barred, barred: barredFrom(state) }, number)
  const open = new Map(pending.map((macro) => [macro, commits.openMicroJobs(macro)]))
  const proposals = proposalsOf(view, info, state, commits, number).sort((a, b) =>
    placeOf(view, state, a) < placeOf(view, state, b) ? -1 : 1,
  )
  const judged = fixedDraws(view, info, state, proposals).map((draw) => ({ draw, verdicts: judgeAll(view, info, draw, pending, unable) }))
  // Two proposals can both be fixed where no author is in both: the one that has agreed on more stands, then the one of better rank.
  const { draw, verdicts } = judged.reduce(
    (best, next) => (agreedIn(next.verdicts) > agreedIn(best.verdicts) ? next : best),
    judged[0] ?? NO_DRAW,
  )
  const refused = draw === undefined ? NOBODY : refusedValidators(view, state.chunk, draw, unable.barred)
  const isRefused = ({ macro, validator }: AgreedMacroJob) => refused.has(validator) && !paid.has(macro)
  // What was refused is judged anew; whether this attempt was over before must not hang on that.
  const contested = pending.filter((macro) => !state.refused.has(macro))
  const asked = contested.length > 0 ? contested : pending
  settle(state, verdicts, number, isRefused)
  const ruled = draw !== undefined && verdicts.every((verdict) => verdict.state !== 'open')
  // Votes on what was proposed stay votes, whatever has become of its commits.
  const isProposed = (macro: number) => proposals.some(({ record }) => record.picks.some((pick) => pick.macro === macro))
  const complete = commits.cover(asked) || asked.every(isProposed)
  const voters = electorates(view, commits.authors(asked), proposals, new Set([...unable.barred, ...state.unstaked]))
  const asking = draw === undefined ? NOBODY : undecidedJudges(view, state, draw, verdicts)
  const votedOver = complete && applyReopenVotes(view, state, since, voters, { number, draw, verdicts, proposal: proposals[0] })
  if (votedOver && draw !== undefined && !ruled) {
    settle(state, closingVerdicts(view, info, draw, verdicts, unable), number, isRefused)
    count(state.silent, unanswered(verdicts))
    const undecided = undecidedJudges(view, state, draw, verdicts)
    count(
      state.undecided,
      [...asking].filter((peer) => undecided.has(peer)),
    )
  }
  const unfinished = pending.some((macro) => !state.agreed.has(macro))
  const pickOf = (macro: number, micro: number) => commits.pick(macro, micro)
  const authorOf = (macro: number, micro: number) => pickOf(macro, micro)?.author
  const over = !unfinished || ruled || votedOver || isOvertaken(view, state.chunk, number)
  return { attempt: number, pending, open, pickOf, authorOf, proposals, draw, verdicts, over }
}

function count(times: Map<string, number>, peers: readonly string[]) {
  for (const peer of peers) times.set(peer, (times.get(peer) ?? 0) + 1)
}

const NOBODY: ReadonlySet<string> = new Set()

/** Proposals in order: those that name a peer without a bond, or a commit that was given up, come last, since nobody endorses them. */
function placeOf(view: JobView, { unstaked }: ChunkState, { record, proposer, stale }: Proposal): string {
  return `${stale ? 1 : 0}${namesAny(record, unstaked) ? 1 : 0}${proposalRank(view, record, proposer)}`
}

const NO_DRAW: { draw: Draw | undefined; verdicts: MacroVerdict[] } = { draw: undefined, verdicts: [] }

const agreedIn = (verdicts: readonly MacroVerdict[]) => verdicts.filter(({ state }) => state === 'agreed').length

function judgeAll(view: JobView, info: JobInfo, draw: Draw, pending: readonly number[], unable: Unable): MacroVerdict[] {
  const covered = new Set(draw.record.picks.map(({ macro }) => macro))
  const judged = pending.filter((macro) => covered.has(macro))
  return judged.map((macro) => judgeMacroJob(view, info, draw, macro, benchOf(view, info, draw, macro, unable)))
}

/** What can be said of the MacroJobs that an attempt leaves open as it ends: only convictions. */
function closingVerdicts(view: JobView, info: JobInfo, draw: Draw, verdicts: readonly MacroVerdict[], unable: Unable): MacroVerdict[] {
  return verdicts
    .filter(({ state }) => state === 'open')
    .map(({ macro }) => judgeMacroJob(view, info, draw, macro, benchOf(view, info, draw, macro, unable), true))
    .filter(({ state }) => state === 'failed')
}

function settle(state: ChunkState, verdicts: readonly MacroVerdict[], attempt: number, isRefused: (agreed: AgreedMacroJob) => boolean) {
  for (const verdict of verdicts) {
    if (verdict.state === 'agreed' && isRefused(verdict)) {
      const { macro, validator, microJobs } = verdict
      state.refused.set(macro, verdict)
      // The validation is what the escrow refuses: the MicroJob after the last (seeds/001 "Job Finalization", ***).
      state.culprits.push({ peer: validator, macro, micro: microJobs.length, block: 0, attempt, reason: 'no-stake' })
    } else if (verdict.state === 'agreed') state.agreed.set(verdict.macro, verdict)
    if (verdict.state === 'failed') {
      for (const culprit of verdict.culprits) state.culprits.push({ ...culprit, macro: verdict.macro, attempt })
    }
  }
}

/** What the draw under way asks of MacroJob `macro`: for each MicroJob its author and the block to run again; empty where there is no draw. */
export function drawOfMacro(view: JobView, info: JobInfo, macro: number): (Pick & { block: number })[] {
  const state = chunkState(view, info, chunkOf(info, macro))
  const draw = state.current?.draw
  if (draw === undefined) return []
  const { picked, at, samples } = benchOf(view, info, draw, macro, unableIn(state))
  return picked.map((author, micro) => ({ author, attempt: at[micro] as number, block: samples[micro] as number }))
}
