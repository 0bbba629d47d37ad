import { chunkStates } from './agreement.ts'
import type { Draw } from './bench.ts'
import { bytesToBigInt, bytesToHex, equalBytes } from './bytes.ts'
import type { ChunkState, Culprit } from './chunk-state.ts'
import { stakeOf } from './escrow-facts.ts'
import type { JobInfo } from './info.ts'
import { WITNESSES } from './offer.ts'
import { openedReveal, validationCommit } from './openings.ts'
import { escrowIdOf, isPaid } from './payment.ts'
import type { RecordOf } from './records.ts'
import { type LeafCommit, leafCommitHash, recheckHash, statementSigner } from './settlement/statements.ts'
import { byFinalizerRank, turnOf } from './turns.ts'
import { type JobView, microKey } from './view.ts'

/** What a wallet signed and what the records prove wrong. */
export interface Offence {
  culprit: string
  /** The MacroJob, the MicroJob in dispute, and the attempt whose draw asked for it. */
  macro: number
  micro: number
  attempt: number
  draw: Draw
  /** The block of the MicroJob in dispute that the draw asks for. */
  sampled: number
  /** What the culprit signed. Of a lying validator, `micro` is N and the disputed MicroJob is its block. */
  commit: LeafCommit
  signature: Uint8Array
  /** Which block of `commit.micro` is wrong. */
  block: number
  /** What the culprit says it is. */
  claimed: Uint8Array
  /** Of a lying validator, the processor that it accused, and what that one found. */
  accused?: { peer: string; hash: Uint8Array | undefined }
}

export type ConvictionDuty =
  /** This peer ran the block itself, and found `hash`. */
  | { kind: 'testify'; offence: Offence; hash: Uint8Array; structHash: Uint8Array }
  | { kind: 'convict'; offence: Offence; hash: Uint8Array; testimonies: readonly Testimony[] }

/** What a wallet has sworn, by its signature. */
export interface Testimony {
  peer: string
  wallet: string
  signature: Uint8Array
}

type Standing<D> = D & { id: string; before: string[] }

/** What peer `self` ought to do about those who were convicted by the records: the escrow takes a part of their bond. */
export function convictionDuties(
  view: JobView,
  info: JobInfo,
  self: string,
  done: ReadonlySet<string> = new Set(),
): Standing<ConvictionDuty>[] {
  if (!canProve(info)) return []
  return chunkStates(view, info).flatMap((state) =>
    offencesOf(view, info, state).flatMap((offence): Standing<ConvictionDuty>[] => {
      if (offence.culprit === self) return []
      const at = placeOf(offence)
      const duties: Standing<ConvictionDuty>[] = []
      const hash = ownResult(view, info, offence, self)
      if (hash !== undefined && !equalBytes(hash, offence.claimed) && testimonyOf(view, offence, self) === undefined) {
        duties.push({
          id: `testify/${at}`,
          before: [],
          kind: 'testify',
          offence,
          hash,
          structHash: testimonyHash(view, info, offence, hash),
        })
      }
      const sworn = strongest(view, info, offence)
      if (sworn.testimonies.length >= WITNESSES && !done.has(`convict/${at}`)) {
        // Of those who have sworn: whoever only joined costs nothing, and must not keep a culprit from its conviction.
        const order = byFinalizerRank(
          view.jobId,
          sworn.testimonies.map(({ peer }) => peer),
        )
        duties.push({ id: `convict/${at}`, before: turnOf(order, self), kind: 'convict', offence, ...sworn })
      }
      return duties
    }),
  )
}

/**
 * True while `self` has a duty towards a conviction, or may come to have one: it ran the block, and others who did, and are enough with it, have not
 * sworn yet. Where too few ran it nobody waits.
 */
export function awaitsConviction(view: JobView, info: JobInfo, self: string, done: ReadonlySet<string> = new Set()): boolean {
  if (!canProve(info) || !view.peers.has(self)) return false
  return chunkStates(view, info).some((state) =>
    offencesOf(view, info, state).some((offence) => {
      if (offence.culprit === self || done.has(`convict/${placeOf(offence)}`)) return false
      if (strongest(view, info, offence).testimonies.length >= WITNESSES) return true
      const witnesses = witnessesOf(view, info, offence)
      return witnesses.length >= WITNESSES && witnesses.includes(self)
    }),
  )
}

/** The escrow compares hashes: within a tolerance those of honest machines differ, so that they prove nothing there. */
function canProve(info: JobInfo): boolean {
  return isPaid(info) && info.verification.mode !== 'tolerance'
}

/** Names an offence among all of its Job. */
const placeOf = ({ macro, micro, attempt, culprit }: Offence) => `${microKey(macro, micro)}/${attempt}/${culprit}`

/** The most peers who ran the block, each with a wallet of its own, and found one and the same result, which is not the culprit's. */
function witnessesOf(view: JobView, info: JobInfo, offence: Offence): string[] {
  const byHash = new Map<string, Map<string, string>>()
  for (const [peer, { wallet }] of view.peers) {
    const hash = peer === offence.culprit ? undefined : ownResult(view, info, offence, peer)
    if (hash === undefined || equalBytes(hash, offence.claimed)) continue
    const key = bytesToHex(hash)
    byHash.set(key, (byHash.get(key) ?? new Map()).set(wallet.toLowerCase(), peer))
  }
  const most = [...byHash.values()].sort((a, b) => b.size - a.size)[0]
  return [...(most?.values() ?? [])]
}

const cache = new WeakMap<ChunkState, Offence[]>()

function offencesOf(view: JobView, info: JobInfo, state: ChunkState): Offence[] {
  const known = cache.get(state)
  if (known !== undefined) return known
  const found = state.culprits.map((culprit) => offenceOf(view, info, state, culprit)).filter((offence) => offence !== undefined)
  cache.set(state, found)
  return found
}

function offenceOf(
  view: JobView,
  info: JobInfo,
  state: ChunkState,
  { peer, macro, micro, block, attempt, reason }: Culprit,
): Offence | undefined {
  // It said nothing wrong.
  if (reason === 'no-stake') return undefined
  const draw = state.attempts[attempt]?.draw
  const pick = draw?.record.picks.find((candidate) => candidate.macro === macro)
  if (draw === undefined || pick === undefined || !isPaid(info)) return undefined
  const { microJobs } = info.slicing
  const processed = draw.record.authors[pick.by[micro] as number] === peer
  const [at, place, index] = processed ? [pick.at[micro] as number, micro, block] : [attempt, microJobs, micro]
  const commit = processed
    ? view.commits.get(microKey(macro, micro))?.find(({ author, record }) => author === peer && record.attempt === at)
    : validationCommit(view, info, draw, macro, peer)
  const claimed = openedReveal(view, macro, place, peer, at)?.blockHashes[index]
  const signature = commit?.record.signature
  if (commit === undefined || claimed === undefined || signature === undefined) return undefined
  const leaf = bytesToBigInt(commit.record.commit)
  const signed = { jobId: escrowIdOf(info, view.jobId), macro, micro: place, attempt: at, leaf }
  const offence = { culprit: peer, macro, micro, attempt, draw, sampled: block, commit: signed, signature, block: index, claimed }
  if (processed) return offence
  const processor = draw.record.authors[pick.by[micro] as number] as string
  const hash = openedReveal(view, macro, micro, processor, pick.at[micro] as number)?.blockHashes[block]
  return { ...offence, accused: { peer: processor, hash } }
}

/** What `self` computed of the disputed block: as the one who was accused, as the draw's validator, or as a third. */
function ownResult(view: JobView, info: JobInfo, { macro, micro, attempt, draw, sampled, accused }: Offence, self: string) {
  if (accused?.peer === self) return accused.hash
  const rechecks = view.rechecks.get(microKey(macro, micro)) ?? []
  const own = rechecks.find(({ author, record }) => author === self && record.attempt === attempt && record.block === sampled)
  if (own !== undefined) return own.record.hash
  // Of another draw of the same attempt its hashes are those of other blocks.
  if (validationCommit(view, info, draw, macro, self) === undefined) return undefined
  return openedReveal(view, macro, info.slicing.microJobs, self, attempt)?.blockHashes[micro]
}

function testimonyOf(view: JobView, offence: Offence, author: string): RecordOf<'testimony'> | undefined {
  const { macro, micro, attempt, culprit } = offence
  const found = view.testimonies.get(microKey(macro, micro)) ?? []
  return found.find((entry) => entry.author === author && entry.record.attempt === attempt && entry.record.culprit === culprit)?.record
}

function testimonyHash(view: JobView, info: JobInfo, { commit, block }: Offence, blockHash: Uint8Array): Uint8Array {
  if (!isPaid(info)) throw new TypeError('only a paid Job has testimonies')
  return recheckHash({ jobId: escrowIdOf(info, view.jobId), statement: leafCommitHash(commit), micro: commit.micro, block, blockHash })
}

const signers = new WeakMap<RecordOf<'testimony'>, string | undefined>()

/** The result that most wallets have sworn to, with their signatures in the order of their addresses. */
function strongest(view: JobView, info: JobInfo, offence: Offence) {
  const byHash = new Map<string, { hash: Uint8Array; testimonies: Testimony[] }>()
  const accused = view.peers.get(offence.culprit)?.wallet.toLowerCase()
  for (const peer of view.peers.keys()) {
    const record = testimonyOf(view, offence, peer)
    const wallet = view.peers.get(peer)?.wallet.toLowerCase() as string
    // The escrow counts none that has nothing at stake, however many they are.
    if (
      record === undefined ||
      wallet === accused ||
      stakeOf(view, peer) === 'gone' ||
      equalBytes(record.hash, offence.claimed) ||
      !isPaid(info)
    )
      continue
    const { hash, signature } = record
    if (!signers.has(record)) signers.set(record, statementSigner(info.payment, testimonyHash(view, info, offence, hash), signature))
    if (signers.get(record) !== wallet) continue
    const key = bytesToHex(hash)
    const entry = byHash.get(key) ?? { hash, testimonies: [] }
    byHash.set(key, entry)
    if (!entry.testimonies.some((known) => known.wallet === wallet)) entry.testimonies.push({ peer, wallet, signature })
  }
  const most = [...byHash.values()].sort((a, b) => b.testimonies.length - a.testimonies.length)[0]
  const testimonies = (most?.testimonies ?? []).sort((a, b) => (a.wallet < b.wallet ? -1 : 1))
  return { hash: most?.hash ?? new Uint8Array(), testimonies }
}
