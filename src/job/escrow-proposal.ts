import { bytesToBigInt, bytesToHex, equalBytes } from './bytes.ts'
import { escrowAttempt } from './escrow-facts.ts'
import { FIELD_ORDER, fieldToBytes, hexToField } from './field.ts'
import type { JobInfo } from './info.ts'
import { escrowIdOf, isPaid, sizeClassOf } from './payment.ts'
import type { RecordOf } from './records.ts'
import { type ChunkMacroJob, chunkRoot } from './settlement/chunk.ts'
import { type Drawn, drawOpenings, settlementChallenge } from './settlement/draw.ts'
import { walletToField } from './settlement/hashes.ts'
import { leafCommitHash, rootEndorsementHash, statementSigner } from './settlement/statements.ts'
import { attemptKey, type JobView, macrosOf } from './view.ts'

/** In a paid Job, what the escrow's root of a proposal is made of: for each MacroJob of the chunk its leaves, none where it was agreed before. */
export function slotsOf(view: JobView, info: JobInfo, record: RecordOf<'root'>, leaves: readonly Uint8Array[]): ChunkMacroJob[] {
  const { microJobs } = info.slicing
  const rows = new Map(record.picks.map(({ macro, by }, row) => [macro, { by, row }]))
  return macrosOf(info, record.chunk).map((macro) => {
    const picked = rows.get(macro)
    if (picked === undefined) return { slots: [] }
    const slots = picked.by.map((index, micro) => ({
      leaf: bytesToBigInt(leaves[picked.row * microJobs + micro] as Uint8Array),
      wallet: walletToField(view.peers.get(record.authors[index] as string)?.wallet as string),
    }))
    return { slots }
  })
}

const leaves = new WeakMap<RecordOf<'commit'>, boolean>()

/** True where a commit is a leaf that its author's wallet answers for: without the signature a wrong result would cost nothing. A millisecond, once. */
export function isSignedLeaf(view: JobView, info: JobInfo, author: string, record: RecordOf<'commit'>): boolean {
  const known = leaves.get(record)
  if (known !== undefined) return known
  const wallet = view.peers.get(author)?.wallet.toLowerCase()
  // Who has not joined yet is asked again.
  if (wallet === undefined || !isPaid(info)) return false
  const leaf = bytesToBigInt(record.commit)
  const { macro, micro, attempt, signature } = record
  const hash = leafCommitHash({ jobId: escrowIdOf(info, view.jobId), macro, micro, attempt, leaf })
  const holds = leaf < FIELD_ORDER && signature !== undefined && statementSigner(info.payment, hash, signature) === wallet
  leaves.set(record, holds)
  return holds
}

const roots = new WeakMap<RecordOf<'root'>, Uint8Array>()

/** The root that the escrow is given for a proposal; once made it stays, since a record's picks do. About 3 ms for 8 leaves. */
export function escrowRootOf(view: JobView, info: JobInfo, record: RecordOf<'root'>, leaves: readonly Uint8Array[]): Uint8Array {
  const known = roots.get(record)
  if (known !== undefined) return known
  const { microJobs, blocks, chunkMacroJobs } = info.slicing
  const macroJobs = slotsOf(view, info, record, leaves)
  const chunk = { seed: hexToField(info.seed), firstMacro: record.chunk * chunkMacroJobs, microJobs, blocks, macroJobs }
  const root = fieldToBytes(chunkRoot(sizeClassOf(info), chunk))
  roots.set(record, root)
  return root
}

export interface EscrowProposal {
  record: RecordOf<'root'>
  /** The escrow's root. */
  root: Uint8Array
  digest: Uint8Array
}

/** The EIP-712 struct hash under which a worker endorses a proposal. */
export function endorsementHash(view: JobView, info: JobInfo, { record, root, digest }: EscrowProposal): Uint8Array {
  if (!isPaid(info)) throw new TypeError('only a paid Job has endorsements')
  return rootEndorsementHash({
    jobId: escrowIdOf(info, view.jobId),
    chunk: record.chunk,
    attempt: record.attempt,
    root: bytesToBigInt(root),
    proposal: digest,
  })
}

export interface Endorser {
  peer: string
  /** In small digits. */
  wallet: string
  signature: Uint8Array
}

const signers = new WeakMap<RecordOf<'endorsement'>, string | undefined>()

/** Who has signed this proposal with the wallet it joined with, each wallet once, by wallet. */
export function endorsersOf(view: JobView, info: JobInfo, proposal: EscrowProposal): Endorser[] {
  if (!isPaid(info)) return []
  const { chunk, attempt } = proposal.record
  const found = new Map<string, Endorser>()
  for (const { author, record } of view.endorsements.get(attemptKey(chunk, attempt)) ?? []) {
    const wallet = view.peers.get(author)?.wallet.toLowerCase()
    if (wallet === undefined || !equalBytes(record.proposal, proposal.digest)) continue
    // What it says it signed is in it, so that its signer never changes.
    if (!signers.has(record)) signers.set(record, statementSigner(info.payment, endorsementHash(view, info, proposal), record.signature))
    if (signers.get(record) === wallet) found.set(wallet, { peer: author, wallet, signature: record.signature })
  }
  return [...found.values()].sort((a, b) => (a.wallet < b.wallet ? -1 : 1))
}

/** The beacon that the escrow has pinned for exactly this proposal. */
export function pinnedBeacon(view: JobView, { record, root, digest }: EscrowProposal): bigint | undefined {
  const found = escrowAttempt(view, record.chunk, record.attempt)
  return found !== undefined && isAttemptOf(found, root, digest) ? found.beacon : undefined
}

/** True where an attempt on the chain stands for a proposal with this root and digest. */
export function isAttemptOf(found: { root: bigint; proposal: string }, root: Uint8Array, digest: Uint8Array): boolean {
  return found.root === bytesToBigInt(root) && found.proposal.toLowerCase() === `0x${bytesToHex(digest)}`
}

export interface EscrowDraw {
  beacon: Uint8Array
  challenge: bigint
  opened: readonly Drawn[]
}

const draws = new WeakMap<RecordOf<'root'>, EscrowDraw & { of: bigint }>()

/** What the beacon draws for a proposal. */
export function escrowDrawOf(info: JobInfo, { record, root }: EscrowProposal, beacon: bigint): EscrowDraw {
  const known = draws.get(record)
  if (known?.of === beacon) return known
  const seed = hexToField(info.seed)
  const challenge = settlementChallenge(seed, bytesToBigInt(root), beacon)
  const { microJobs, blocks, chunkMacroJobs } = info.slicing
  const macroJobs = macrosOf(info, record.chunk).length
  const opened = drawOpenings({ seed, challenge, firstMacro: record.chunk * chunkMacroJobs, macroJobs, microJobs, blocks })
  const draw = { of: beacon, beacon: fieldToBytes(beacon), challenge, opened }
  draws.set(record, draw)
  return draw
}
