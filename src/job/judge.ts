import { equalBytes } from './bytes.ts'
import { checksumOf, commitFor } from './commit.ts'
import type { JobInfo } from './info.ts'
import { isPaid } from './payment.ts'
import type { RecordOf } from './records.ts'
import { rankPeers, sampledBlocks } from './sampling.ts'
import type { Drawn } from './settlement/draw.ts'
import { type ExpectedVerdict, expectedVerdict, signedVerdict } from './verdict.ts'
import { type Authored, type JobView, microKey } from './view.ts'

/** How many peers, in the order of the draw, may validate a MacroJob in one attempt: one, and two more where it stays silent. */
export const VALIDATOR_RANKS = 3
/** How many peers, in the order of the draw, may be asked about a disputed block: two, and two more for a tie or silence. */
export const RECHECK_RANKS = 4

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

export interface AgreedMicroJob {
  author: string
  wallet: string
  blockHashes: readonly Uint8Array[]
  cid: string
}

export interface Dispute {
  micro: number
  block: number
  processor: string
  validator: string
  /** Peers that may be asked, in order. */
  voters: string[]
  voted: string[]
}

/** The state of one MacroJob in one attempt. `failed` names culprits; `open` says what is still missing. */
export type MacroVerdict =
  | {
      state: 'agreed'
      macro: number
      attempt: number
      validator: string
      independent: boolean
      microJobs: AgreedMicroJob[]
      /** In a paid Job, the validator's word to the escrow. */
      verdict?: RecordOf<'verdict'>
    }
  | { state: 'failed'; macro: number; culprits: { peer: string; micro: number; block: number }[] }
  | {
      state: 'open'
      macro: number
      validators: string[]
      validated: boolean
      committed: boolean
      hidden: number[]
      disputes: Dispute[]
      /** In a paid Job, what the validator has still to sign; all else is agreed. */
      unsigned?: ExpectedVerdict
    }

interface Bench {
  /** Validators in order, those that processed nothing in the MacroJob first. */
  ranking: string[]
  picked: string[]
  /** The attempt of each picked commit. */
  at: number[]
  samples: number[]
  barred: ReadonlySet<string>
}

/** Who may judge MacroJob `macro` after `draw`, and which block of each MicroJob. */
export function benchOf(view: JobView, info: JobInfo, draw: Draw, macro: number, barred: ReadonlySet<string>): Bench {
  const { record, challenge } = draw
  const pick = record.picks.find((candidate) => candidate.macro === macro)
  const picked = (pick?.by ?? []).map((index) => record.authors[index] as string)
  const able = record.members.filter((peer) => view.peers.has(peer) && !barred.has(peer) && fitsClass(view, info, peer))
  const ranked = rankPeers(
    challenge,
    macro,
    able.filter((peer) => mayVouch(view, info, draw, macro, picked, peer)),
  )
  const processed = new Set(picked)
  const ranking = [...ranked.filter((peer) => !processed.has(peer)), ...ranked.filter((peer) => processed.has(peer))]
  return {
    ranking,
    picked,
    at: pick?.at ?? [],
    samples: sampledBlocks(info.seed, macro, challenge, info.slicing.microJobs, info.slicing.blocks),
    barred,
  }
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

/**
 * The verdict over one MacroJob from the records at hand (docs/PROTOCOL.md, "Verification" 5–7). With `closing`, the attempt was voted stuck: what
 * the voters who did answer say stands then, though others are missing.
 */
export function judgeMacroJob(view: JobView, info: JobInfo, draw: Draw, macro: number, bench: Bench, closing = false): MacroVerdict {
  const validators = firstAble(view, bench.ranking, VALIDATOR_RANKS)
  const committed = validators.some((peer) => validationCommit(view, info, draw, macro, peer) !== undefined)
  const validation = firstValidation(view, info, draw, macro, validators)
  const reveals = bench.picked.map((author, micro) => openedReveal(view, macro, micro, author, bench.at[micro] as number))
  const hidden = reveals.flatMap((reveal, micro) => (reveal === undefined ? [micro] : []))
  const open = {
    state: 'open' as const,
    macro,
    validators,
    validated: validation !== undefined,
    committed,
    hidden,
    disputes: [] as Dispute[],
  }
  if (validation === undefined) return open
  const unconfirmed = reveals.flatMap((reveal, micro) =>
    reveal !== undefined && !confirms(view, validation, reveal, micro, bench) ? [micro] : [],
  )
  const rulings = unconfirmed.map((micro) => {
    const reveal = reveals[micro] as RecordOf<'reveal'>
    return { micro, ruling: rule(view, info, draw, bench, { macro, micro, reveal, validation, closing }) }
  })
  const culprits = rulings.flatMap(({ micro, ruling }) =>
    'culprits' in ruling ? ruling.culprits.map((peer) => ({ peer, micro, block: bench.samples[micro] as number })) : [],
  )
  const disputes = rulings.flatMap(({ ruling }) => ('dispute' in ruling ? [ruling.dispute] : []))
  if (closing && culprits.length > 0) return { state: 'failed', macro, culprits }
  if (disputes.length > 0 || hidden.length > 0) return { ...open, disputes }
  if (culprits.length > 0) return { state: 'failed', macro, culprits }
  const microJobs = reveals.map((reveal, micro) => {
    const { wallet, blockHashes, cid } = reveal as RecordOf<'reveal'>
    return { author: bench.picked[micro] as string, wallet, blockHashes, cid }
  })
  const validator = validation.author
  const expected = isPaid(info) ? expectedVerdict(view, info, draw, macro, reveals as RecordOf<'reveal'>[], validator) : undefined
  const verdict = expected && signedVerdict(view, info, expected)
  if (expected !== undefined && verdict === undefined) return { ...open, unsigned: expected }
  return {
    state: 'agreed',
    macro,
    attempt: draw.attempt,
    validator,
    independent: !bench.picked.includes(validator),
    microJobs,
    ...(verdict && { verdict }),
  }
}

/** The peer's validation commit for this draw. One for another draw of the same attempt says nothing here: other blocks were asked for. */
export function validationCommit(view: JobView, info: JobInfo, draw: Draw, macro: number, peer: string) {
  const commit = anyValidationCommit(view, info, draw, macro, peer)
  const { root } = commit?.record ?? {}
  return root && equalBytes(root, draw.root) ? commit : undefined
}

/** The peer's validation commit in this attempt, whatever draw it followed: it has no second one. */
export function anyValidationCommit(view: JobView, { slicing }: JobInfo, { attempt }: Draw, macro: number, peer: string) {
  const commits = view.commits.get(microKey(macro, slicing.microJobs)) ?? []
  return commits.find(({ author, record }) => author === peer && record.attempt === attempt)
}

function firstValidation(view: JobView, info: JobInfo, draw: Draw, macro: number, validators: readonly string[]) {
  const { microJobs } = info.slicing
  for (const author of validators) {
    if (validationCommit(view, info, draw, macro, author) === undefined) continue
    const record = openedReveal(view, macro, microJobs, author, draw.attempt)
    if (record !== undefined && record.blockHashes.length === microJobs) return { author, record }
  }
  return undefined
}

/** The reveal that opens the author's commit of `attempt`; undefined where there is none, or it does not fit. */
export function openedReveal(view: JobView, macro: number, micro: number, author: string, attempt: number): RecordOf<'reveal'> | undefined {
  const at = (entry: Authored<{ attempt: number } & RecordOf<'commit' | 'reveal'>>) =>
    entry.author === author && entry.record.attempt === attempt
  const commit = view.commits.get(microKey(macro, micro))?.find(at)
  const reveal = view.reveals.get(microKey(macro, micro))?.find(at)
  const peer = view.peers.get(author)
  if (commit === undefined || reveal === undefined || peer === undefined) return undefined
  return opens(view, commit.record, reveal.record, peer.wallet) ? reveal.record : undefined
}

const opened = new WeakMap<RecordOf<'reveal'>, boolean>()

function opens(view: JobView, commit: RecordOf<'commit'>, reveal: RecordOf<'reveal'>, wallet: string): boolean {
  const known = opened.get(reveal)
  if (known !== undefined) return known
  const { macro, micro } = commit
  const fits =
    reveal.wallet.toLowerCase() === wallet.toLowerCase() &&
    view.info !== undefined &&
    equalBytes(commitFor(view.info, { jobId: view.jobId, macro, micro, wallet }, reveal), commit.commit) &&
    equalBytes(checksumOf(view.jobId, reveal), reveal.checksum)
  opened.set(reveal, fits)
  return fits
}

/** True where the validator computed the same; its word on its own work counts only where nobody else has joined, or all others gave the Job up. */
function confirms(
  view: JobView,
  validation: Authored<RecordOf<'reveal'>>,
  reveal: RecordOf<'reveal'>,
  micro: number,
  bench: Bench,
): boolean {
  const { verdicts, blockHashes } = validation.record
  const own = bench.picked[micro] === validation.author
  const judges = (peer: string) => peer !== validation.author && !bench.barred.has(peer) && !view.complaints.has(peer)
  if (own && [...view.peers.keys()].some(judges)) return false
  if (verdicts !== null && verdicts[micro] === true) return true
  const mine = reveal.blockHashes[bench.samples[micro] as number]
  return mine !== undefined && equalBytes(mine, blockHashes[micro] as Uint8Array)
}

/** No culprits: the result stands. */
type Ruling = { culprits: string[] } | { dispute: Dispute }

/** What is known of one MicroJob whose result is not simply confirmed by a validator of its own. */
interface Case {
  macro: number
  micro: number
  reveal: RecordOf<'reveal'>
  validation: Authored<RecordOf<'reveal'>>
  closing: boolean
}

/**
 * More peers run the block; the majority stands (docs/PROTOCOL.md, "Verification" 7). Where the validator is the processor itself, one other
 * peer must confirm it.
 */
function rule(view: JobView, info: JobInfo, draw: Draw, bench: Bench, { macro, micro, reveal, validation, closing }: Case): Ruling {
  const processor = bench.picked[micro] as string
  const validator = validation.author
  const block = bench.samples[micro] as number
  const voters = votersOf(view, info, draw, macro, bench, [processor, validator])
  const votes = voters.flatMap((peer) => {
    const entry = view.rechecks
      .get(microKey(macro, micro))
      ?.find(({ author, record }) => author === peer && record.attempt === draw.attempt)
    return entry === undefined ? [] : [{ peer, record: entry.record }]
  })
  const hashes = { processor: reveal.blockHashes[block], validator: validation.record.blockHashes[micro] }
  const sides = votes.map(({ record }) => sideOf(info, record, hashes))
  const count = (side: RecordOf<'recheck'>['agrees']) => sides.filter((found) => found === side).length
  const able = voters.filter((peer) => !view.complaints.has(peer))
  const wanted = closing || processor === validator ? 1 : Math.min(2, able.length)
  const dispute = { micro, block, processor, validator, voters, voted: votes.map(({ peer }) => peer) }
  if (votes.length === 0 || votes.length < wanted) return { dispute }
  if (processor === validator) {
    const [confirmed, denied] = [votes.length - count('neither'), count('neither')]
    return confirmed === denied ? { dispute } : { culprits: confirmed > denied ? [] : [processor] }
  }
  const [forProcessor, forValidator] = [count('processor'), count('validator')]
  if (forProcessor !== forValidator) return { culprits: [forProcessor > forValidator ? validator : processor] }
  return count('neither') > forProcessor && votes.length >= 2 ? { culprits: [processor, validator] } : { dispute }
}

/** Third peers in the order of the draw; where the proposal named none, any that has joined: better a choosable voter than none. */
function votersOf(
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

function sideOf(
  { verification }: JobInfo,
  record: RecordOf<'recheck'>,
  hashes: { processor: Uint8Array | undefined; validator: Uint8Array | undefined },
) {
  if (verification.mode === 'tolerance') return record.agrees
  if (hashes.processor !== undefined && equalBytes(record.hash, hashes.processor)) return 'processor'
  return hashes.validator !== undefined && equalBytes(record.hash, hashes.validator) ? 'validator' : 'neither'
}
