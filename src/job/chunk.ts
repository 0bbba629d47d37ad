import { beaconOf, rootOf } from './beacon.ts'
import { bytesToHex, equalBytes, hashOf, uint32, utf8ToBytes } from './bytes.ts'
import type { JobInfo } from './info.ts'
import { benchOf, type Draw, fitsClass, judgeMacroJob, type MacroVerdict } from './judge.ts'
import { isPaid } from './payment.ts'
import { type Endorser, endorsersOf, escrowDrawOf, escrowRootOf, isSignedLeaf, pinnedBeacon } from './proposal.ts'
import { MAX_ATTEMPTS, type RecordOf } from './records.ts'
import { challengeOf } from './sampling.ts'
import { type Authored, attemptKey, chunkOf, type JobView, macrosOf, microKey, openedNonce, twoHeaded } from './view.ts'

export type AgreedMacroJob = Extract<MacroVerdict, { state: 'agreed' }>

export interface Proposal {
  proposer: string
  record: RecordOf<'root'>
  /** Of an unpaid Job the digest; of a paid one what the escrow is given. */
  root: Uint8Array
  /** Names the proposal: whose commits, and who may validate. */
  digest: Uint8Array
  /** Of a paid Job, who has signed it, by wallet. */
  endorsers: Endorser[]
  /** Authors who have not opened their nonce for this root yet, or have not endorsed it. */
  missing: string[]
  /** The picked commits, in order. */
  leaves: readonly Uint8Array[]
  /** Each author's chain head, as its picked commits have it. */
  heads: Map<string, Uint8Array>
}

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

function computeChunk(view: JobView, info: JobInfo, chunk: number): ChunkState {
  const macros = macrosOf(info, chunk)
  const state: ChunkState = {
    chunk,
    macros,
    agreed: new Map(),
    culprits: [],
    withheld: new Map(),
    lacked: new Map(),
    attempts: [],
    current: undefined,
    twoHeaded: twoHeaded(view, info, chunk),
  }
  /** The first attempt whose commits count for a MicroJob: later ones where it was opened again. */
  const since = new Map<string, number>()
  for (let number = 0; number < MAX_ATTEMPTS; number++) {
    const pending = macros.filter((macro) => !state.agreed.has(macro))
    if (pending.length === 0) return state
    const attempt = computeAttempt(view, info, state, since, number, pending)
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
): Attempt {
  const barred = culpritsOf(state)
  const commits = new Commits(view, info, state.twoHeaded, since, barredFrom(state), number)
  const open = new Map(pending.map((macro) => [macro, commits.openMicroJobs(macro)]))
  const proposals = (view.roots.get(attemptKey(state.chunk, number)) ?? [])
    .map(({ author, record }) => readProposal(view, info, state, commits, author, record))
    .filter((proposal) => proposal !== undefined)
    .sort((a, b) => (proposalRank(view, a.record, a.proposer) < proposalRank(view, b.record, b.proposer) ? -1 : 1))
  const judged = fixedDraws(view, info, state, proposals).map((draw) => ({ draw, verdicts: judgeAll(view, info, draw, pending, barred) }))
  // Two proposals can both be fixed where no author is in both: the one that has agreed on more stands, then the one of better rank.
  const { draw, verdicts } = judged.reduce(
    (best, next) => (agreedIn(next.verdicts) > agreedIn(best.verdicts) ? next : best),
    judged[0] ?? NO_DRAW,
  )
  settle(state, since, verdicts, number, draw)
  const ruled = draw !== undefined && verdicts.every((verdict) => verdict.state !== 'open')
  const complete = [...open.values()].every((micros) => micros.length === 0)
  const voters = electorates(view, commits.authors(pending), proposals, barred)
  const votedOver = complete && applyReopenVotes(view, state, since, voters, { number, draw, verdicts, proposal: proposals[0] })
  if (votedOver && draw !== undefined && !ruled) settle(state, since, closingVerdicts(view, info, draw, verdicts, barred), number, draw)
  const unfinished = pending.some((macro) => !state.agreed.has(macro))
  const pickOf = (macro: number, micro: number) => commits.pick(macro, micro)
  const authorOf = (macro: number, micro: number) => pickOf(macro, micro)?.author
  return { attempt: number, pending, open, pickOf, authorOf, proposals, draw, verdicts, over: unfinished ? ruled || votedOver : true }
}

const NO_DRAW: { draw: Draw | undefined; verdicts: MacroVerdict[] } = { draw: undefined, verdicts: [] }

const agreedIn = (verdicts: readonly MacroVerdict[]) => verdicts.filter(({ state }) => state === 'agreed').length

function judgeAll(view: JobView, info: JobInfo, draw: Draw, pending: readonly number[], barred: ReadonlySet<string>): MacroVerdict[] {
  const covered = new Set(draw.record.picks.map(({ macro }) => macro))
  const judged = pending.filter((macro) => covered.has(macro))
  return judged.map((macro) => judgeMacroJob(view, info, draw, macro, benchOf(view, info, draw, macro, barred)))
}

/** What can be said of the MacroJobs that an attempt leaves open as it ends: only convictions. */
function closingVerdicts(
  view: JobView,
  info: JobInfo,
  draw: Draw,
  verdicts: readonly MacroVerdict[],
  barred: ReadonlySet<string>,
): MacroVerdict[] {
  return verdicts
    .filter(({ state }) => state === 'open')
    .map(({ macro }) => judgeMacroJob(view, info, draw, macro, benchOf(view, info, draw, macro, barred), true))
    .filter(({ state }) => state === 'failed')
}

/** Which commits count in one attempt. */
class Commits {
  readonly #view: JobView
  readonly #info: JobInfo
  readonly #twoHeaded: ReadonlySet<string>
  readonly #since: Map<string, number>
  readonly #barred: Set<string>
  readonly #attempt: number

  constructor(
    view: JobView,
    info: JobInfo,
    twoHeaded: ReadonlySet<string>,
    since: Map<string, number>,
    barred: Set<string>,
    attempt: number,
  ) {
    this.#view = view
    this.#info = info
    this.#twoHeaded = twoHeaded
    // The map goes on changing with later attempts; this attempt's picture of it must not.
    this.#since = new Map(since)
    this.#barred = barred
    this.#attempt = attempt
  }

  /** The commits that a proposal may pick. */
  of(macro: number, micro: number) {
    const first = this.#since.get(microKey(macro, micro)) ?? 0
    return (this.#view.commits.get(microKey(macro, micro)) ?? []).filter(({ author, record }) => {
      if (record.attempt < first || record.attempt > this.#attempt || this.#barred.has(author)) return false
      if (isPaid(this.#info) && !isSignedLeaf(this.#view, this.#info, author, record)) return false
      return this.#view.peers.has(author) && fitsClass(this.#view, this.#info, author)
    })
  }

  /** Those that an honest peer builds on. */
  #sound(macro: number, micro: number) {
    return this.of(macro, micro).filter(({ author }) => !this.#twoHeaded.has(author))
  }

  /** Everybody with a commit that counts in these MacroJobs. */
  authors(macros: readonly number[]): Set<string> {
    const micros = Array.from({ length: this.#info.slicing.microJobs }, (_, micro) => micro)
    return new Set(macros.flatMap((macro) => micros.flatMap((micro) => this.#sound(macro, micro).map(({ author }) => author))))
  }

  openMicroJobs(macro: number): number[] {
    const all = Array.from({ length: this.#info.slicing.microJobs }, (_, micro) => micro)
    return all.filter((micro) => this.#sound(macro, micro).length === 0)
  }

  /**
   * Of a MicroJob's commits the latest by the author with the smallest id: which of two equal commits is paid must not hang on who counts them.
   */
  pick(macro: number, micro: number): Pick | undefined {
    const sorted = this.#sound(macro, micro).sort((a, b) =>
      a.author === b.author ? b.record.attempt - a.record.attempt : a.author < b.author ? -1 : 1,
    )
    return sorted[0] && { author: sorted[0].author, attempt: sorted[0].record.attempt }
  }
}

function readProposal(
  view: JobView,
  info: JobInfo,
  state: ChunkState,
  commits: Commits,
  proposer: string,
  record: RecordOf<'root'>,
): Proposal | undefined {
  const picked: Uint8Array[] = []
  const heads = new Map<string, Uint8Array>()
  let previous = -1
  for (const { macro, by, at } of record.picks) {
    const { microJobs } = info.slicing
    if (macro <= previous || !state.macros.includes(macro) || by.length !== microJobs || at.length !== microJobs) return undefined
    previous = macro
    for (const [micro, index] of by.entries()) {
      const author = record.authors[index]
      const commit = commits.of(macro, micro).find((found) => found.author === author && found.record.attempt === at[micro])
      if (author === undefined || commit === undefined) return undefined
      const head = heads.get(author) ?? commit.record.chainHead
      if (!equalBytes(head, commit.record.chainHead)) return undefined
      heads.set(author, head)
      picked.push(commit.record.commit)
    }
  }
  // Each author once, and none that nothing was picked of.
  if (heads.size !== record.authors.length || new Set(record.authors).size !== heads.size) return undefined
  const digest = rootOf(view.jobId, record, picked)
  if (isPaid(info)) {
    const root = escrowRootOf(view, info, record, picked)
    const endorsers = endorsersOf(view, info, { record, root, digest })
    const signed = new Set(endorsers.map(({ peer }) => peer))
    const missing = record.authors.filter((author) => !signed.has(author))
    return { proposer, record, root, digest, endorsers, missing, heads, leaves: picked }
  }
  const root = digest
  const missing = record.authors.filter(
    (author) => openedNonce(view, heads.get(author) as Uint8Array, author, root, state.chunk, record.attempt) === undefined,
  )
  return { proposer, record, root, digest, endorsers: [], missing, heads, leaves: picked }
}

/** The order in which peers propose, and in which proposals of one attempt are preferred: the smaller text first. */
export function proposalRank(view: JobView, { chunk, attempt }: { chunk: number; attempt: number }, proposer: string): string {
  return bytesToHex(hashOf('proposer', utf8ToBytes(view.jobId), uint32(chunk), uint32(attempt), utf8ToBytes(proposer)))
}

/** The proposals that every picked author has opened its nonce for, the better rank first. An author opens for one proposal only. */
function fixedDraws(view: JobView, info: JobInfo, state: ChunkState, proposals: readonly Proposal[]): Draw[] {
  if (isPaid(info)) {
    return proposals.flatMap((proposal) => {
      const beacon = pinnedBeacon(view, proposal)
      if (beacon === undefined) return []
      const { record, root } = proposal
      return [{ attempt: record.attempt, record, root, ...escrowDrawOf(info, proposal, beacon) }]
    })
  }
  return proposals.filter(({ missing }) => missing.length === 0).map((proposal) => drawOf(view, info, state, proposal))
}

function drawOf(view: JobView, info: JobInfo, state: ChunkState, { record, root, heads }: Proposal): Draw {
  const nonces = record.authors.map(
    (author) => openedNonce(view, heads.get(author) as Uint8Array, author, root, state.chunk, record.attempt) as Uint8Array,
  )
  const beacon = beaconOf(root, nonces)
  return { attempt: record.attempt, record, root, beacon, challenge: challengeOf({ seed: info.seed, root, beacon }) }
}

function settle(state: ChunkState, since: Map<string, number>, verdicts: readonly MacroVerdict[], attempt: number, draw: Draw | undefined) {
  for (const verdict of verdicts) {
    if (verdict.state === 'agreed') state.agreed.set(verdict.macro, verdict)
    if (verdict.state === 'failed') {
      for (const culprit of verdict.culprits) state.culprits.push({ ...culprit, macro: verdict.macro, attempt })
    }
  }
  const culprits = culpritsOf(state)
  for (const { macro, by } of draw?.record.picks ?? []) {
    if (state.agreed.has(macro)) continue
    for (const [micro, index] of by.entries()) {
      if (culprits.has(draw?.record.authors[index] as string)) since.set(microKey(macro, micro), attempt + 1)
    }
  }
}

/**
 * Who may say that an attempt is stuck: its authors, or, since they may all be one peer that died, the members of the proposal that names most of those
 * who have joined; one by a peer that had heard of nobody else yet would leave the word to a peer that may have died since.
 */
function electorates(view: JobView, authors: Set<string>, proposals: readonly Proposal[], barred: ReadonlySet<string>): Set<string>[] {
  const able = (peers: Iterable<string>) => new Set([...peers].filter((peer) => view.peers.has(peer) && !barred.has(peer)))
  const [first, ...others] = proposals.map(({ record }) => able(record.members))
  if (first === undefined) return [authors, able(view.peers.keys())]
  return [authors, others.reduce((most, next) => (next.size > most.size ? next : most), first)]
}

/** How far an attempt has come when it is asked whether it is stuck. */
interface Standing {
  number: number
  draw: Draw | undefined
  verdicts: readonly MacroVerdict[]
  /** The one of best rank, fixed or not. */
  proposal: Proposal | undefined
}

/** Half of either electorate ends an attempt, once all of it is processed: one crashed peer of two, or of three, cannot hold up the Job. */
function applyReopenVotes(
  view: JobView,
  state: ChunkState,
  since: Map<string, number>,
  electorates: readonly ReadonlySet<string>[],
  { number: attempt, draw, verdicts, proposal }: Standing,
): boolean {
  const cast = view.reopens.get(attemptKey(state.chunk, attempt)) ?? []
  const votesOf = (voters: ReadonlySet<string>) => cast.filter(({ author }) => voters.has(author))
  const carries = (voters: ReadonlySet<string>) => votesOf(voters).length > 0 && votesOf(voters).length >= Math.ceil(voters.size / 2)
  if (!electorates.some(carries)) return false
  // What is missing may be named by either: whoever alone has all the commits would name nothing of its own.
  const votes = cast.filter(({ author }) => electorates.some((voters) => voters.has(author)))
  noteLacked(state, draw, verdicts, votes)
  const keepers = new Set<string>()
  for (const { record } of votes) {
    for (const [macro, micro] of record.items) {
      const verdict = verdicts.find((candidate) => candidate.macro === macro)
      const opened = draw !== undefined && verdict?.state === 'open' && !verdict.hidden.includes(micro)
      const author = authorIn(draw?.record ?? proposal?.record, macro, micro)
      const lacked = opened && isLacked(view, state, draw.record, verdict.validators, [macro, micro])
      if (state.agreed.has(macro) || (opened && !lacked)) continue
      since.set(microKey(macro, micro), attempt + 1)
      // A vote alone is no proof: what is missing must have been due.
      const due = draw === undefined ? proposal?.missing.includes(author ?? '') : verdict?.state === 'open' && verdict.committed
      if (author !== undefined && (due || lacked)) keepers.add(author)
    }
  }
  for (const author of keepers) state.withheld.set(author, (state.withheld.get(author) ?? 0) + 1)
  return true
}

/** Files who of those that may judge a MacroJob says that a result in it is not to be had. */
function noteLacked(
  { lacked }: ChunkState,
  draw: Draw | undefined,
  verdicts: readonly MacroVerdict[],
  votes: readonly Authored<RecordOf<'reopen'>>[],
) {
  if (draw === undefined) return
  for (const { author: voter, record } of votes) {
    for (const [macro, micro] of record.items) {
      const verdict = verdicts.find((candidate) => candidate.macro === macro)
      const key = pickKey(draw.record, macro, micro)
      if (key === undefined || verdict?.state !== 'open' || verdict.hidden.includes(micro) || !verdict.validators.includes(voter)) continue
      lacked.set(key, (lacked.get(key) ?? new Set()).add(voter))
    }
  }
}

/**
 * A result that is revealed and not to be had. No record can prove it, so that two who may judge the MacroJob must say so, in this attempt or an earlier
 * one, or the only one besides its author; they could as well keep back what they say of it.
 */
function isLacked(
  { complaints }: JobView,
  { lacked }: ChunkState,
  root: RecordOf<'root'>,
  validators: readonly string[],
  [macro, micro]: readonly [number, number],
) {
  const author = authorIn(root, macro, micro)
  const claims = [...(lacked.get(pickKey(root, macro, micro) ?? '') ?? [])].filter((peer) => peer !== author)
  const judges = validators.filter((peer) => peer !== author && !complaints.has(peer))
  return claims.length > 0 && claims.length >= Math.min(2, judges.length)
}

/** One commit that a proposal picks, whatever the attempt. */
function pickKey({ picks, authors }: RecordOf<'root'>, macro: number, micro: number): string | undefined {
  const pick = picks.find((candidate) => candidate.macro === macro)
  const author = authors[pick?.by[micro] ?? -1]
  return author === undefined ? undefined : `${macro}/${micro}/${author}/${pick?.at[micro]}`
}

/** Whose commit a proposal picks for a MicroJob. */
function authorIn(record: RecordOf<'root'> | undefined, macro: number, micro: number): string | undefined {
  const index = record?.picks.find((pick) => pick.macro === macro)?.by[micro]
  return index === undefined ? undefined : record?.authors[index]
}

/** What the draw under way asks of MacroJob `macro`: for each MicroJob its author and the block to run again; empty where there is no draw. */
export function drawOfMacro(view: JobView, info: JobInfo, macro: number): (Pick & { block: number })[] {
  const state = chunkState(view, info, chunkOf(info, macro))
  const draw = state.current?.draw
  if (draw === undefined) return []
  const { picked, at, samples } = benchOf(view, info, draw, macro, culpritsOf(state))
  return picked.map((author, micro) => ({ author, attempt: at[micro] as number, block: samples[micro] as number }))
}
