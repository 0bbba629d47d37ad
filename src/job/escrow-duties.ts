import { chunkStates } from './agreement.ts'
import { bytesToHex, equalBytes } from './bytes.ts'
import type { Attempt, ChunkState } from './chunk-state.ts'
import { escrowAttempt, hasStake, isEscrowClosed, isSettled, stakeOf } from './escrow-facts.ts'
import { type Endorser, endorsementHash, isAttemptOf } from './escrow-proposal.ts'
import type { JobInfo } from './info.ts'
import { isPaid, type Paid } from './payment.ts'
import { type Proposal, proposalRank } from './proposals.ts'
import type { RecordOf } from './records.ts'
import { byFinalizerRank, processorsFirst, turnOf } from './turns.ts'
import type { ExpectedVerdict } from './verdict.ts'
import { attemptKey, type JobView } from './view.ts'

/** What a paid Job asks of its peers beside the work: signatures for the escrow, and transactions (docs/PROTOCOL.md, "Paid Jobs"). */
export type EscrowDuty =
  /** Work has begun: from then on the requester cannot cancel any more. */
  | { kind: 'engage' }
  /** The deadline has passed: what was not paid goes back. */
  | { kind: 'refund' }
  | { kind: 'endorse'; chunk: number; attempt: number; proposal: Uint8Array; structHash: Uint8Array }
  | { kind: 'commit-root'; chunk: number; attempt: number; root: Uint8Array; proposal: Uint8Array; endorsers: readonly Endorser[] }
  | { kind: 'pin-beacon'; chunk: number; attempt: number }
  | { kind: 'sign-verdict'; expected: ExpectedVerdict }
  /** A validator has not enough at stake any more: what was agreed on its word cannot be paid, and is to be judged again. */
  | { kind: 'refuse'; record: RecordOf<'refusal'>; macros: number[] }
  /** `macros` are agreed, in this attempt, and not paid yet. */
  | { kind: 'settle'; chunk: number; attempt: number; macros: number[] }

/** Proposals of one attempt that a peer endorses, one after another: the escrow takes the first whose root arrives. A peer's log has room for it. */
const MAX_ENDORSEMENTS = 8

type Standing<D> = D & { id: string; before: string[] }

/** What leads to a draw: everyone endorses the best proposal that is fair, one commits its root, one pins its beacon. */
export function rootDuties(
  view: JobView,
  info: JobInfo,
  { chunk, attempt, proposals }: Pick<Attempt, 'attempt' | 'proposals'> & { chunk: number },
  isFair: (proposal: Proposal) => boolean,
  self: string,
): Standing<EscrowDuty>[] {
  if (!isPaid(info) || isEscrowClosed(view) || view.escrow?.expired) return []
  const key = attemptKey(chunk, attempt)
  const onChain = escrowAttempt(view, chunk, attempt)
  if (onChain !== undefined) {
    const known = proposals.find(({ root, digest }) => isAttemptOf(onChain, root, digest))
    if (known === undefined || onChain.beacon !== undefined) return []
    return [{ id: `pin-beacon/${key}`, before: orderOf(view, known, self), kind: 'pin-beacon', chunk, attempt }]
  }
  const best = proposals.find(isFair)
  if (best === undefined) return []
  const { digest } = best
  const duties: Standing<EscrowDuty>[] = []
  const isMember = best.record.members.includes(self) || best.record.authors.includes(self)
  // Peers that joined since, or a better rank, may have made another proposal the best: whoever stuck to its first word would hold all others up.
  const given = (view.endorsements.get(key) ?? []).filter(({ author }) => author === self)
  const isGiven = given.some(({ record }) => equalBytes(record.proposal, digest))
  if (isMember && !isGiven && given.length < MAX_ENDORSEMENTS) {
    const structHash = endorsementHash(view, info, best)
    duties.push({
      id: `endorse/${key}/${bytesToHex(digest.subarray(0, 8))}`,
      before: [],
      kind: 'endorse',
      chunk,
      attempt,
      proposal: digest,
      structHash,
    })
  }
  // The best that all have signed, not the best of all: its authors may have gone, and the escrow takes the first whose root arrives.
  const ready = proposals.find((proposal) => isFair(proposal) && isEndorsed(info, proposal))
  if (ready !== undefined && (ready.record.members.includes(self) || ready.record.authors.includes(self))) {
    const { root, digest: proposal, endorsers } = ready
    duties.push({
      id: `commit-root/${key}`,
      before: orderOf(view, ready, self),
      kind: 'commit-root',
      chunk,
      attempt,
      root,
      proposal,
      endorsers,
    })
  }
  return duties
}

/** All its authors have signed it, and as many wallets with a bond as the escrow wants to see. */
function isEndorsed({ payment }: Paid<JobInfo>, { missing, endorsers }: Proposal): boolean {
  return missing.length === 0 && endorsers.length >= payment.quorum
}

/** True where the attempt waits for nobody's record: its next step happens on the chain, and an outage there is no reason to begin anew. */
export function waitsForChain(
  view: JobView,
  info: JobInfo,
  chunk: number,
  { attempt, proposals, draw }: Attempt,
  isFair: (proposal: Proposal) => boolean,
): boolean {
  if (!isPaid(info) || draw !== undefined) return false
  const onChain = escrowAttempt(view, chunk, attempt)
  if (onChain !== undefined) return proposals.some(({ root, digest }) => isAttemptOf(onChain, root, digest))
  return proposals.some((proposal) => isFair(proposal) && isEndorsed(info, proposal))
}

function orderOf(view: JobView, { record }: Proposal, self: string): string[] {
  const rank = new Map(record.members.map((peer) => [peer, proposalRank(view, record, peer)]))
  const order = [...rank].sort(([, a], [, b]) => (a < b ? -1 : 1)).map(([peer]) => peer)
  return turnOf(order, self)
}

/** The MacroJobs that are agreed and not paid, one duty a chunk and attempt; a chunk is settled when nothing in it is open any more, or its time runs out. */
export function settleDuties(view: JobView, info: JobInfo, self: string): Standing<EscrowDuty>[] {
  const { escrow } = view
  if (!isPaid(info) || escrow === undefined || isEscrowClosed(view) || escrow.state === 'absent') return []
  const before = turnOf(byFinalizerRank(view.jobId, bonded(view, info)), self)
  if (escrow.expired) return [{ id: 'refund', before, kind: 'refund' }]
  const engaging: Standing<EscrowDuty>[] =
    escrow.state === 'open' && view.commits.size > 0 ? [{ id: 'engage', before, kind: 'engage' }] : []
  const settling = chunkStates(view, info).flatMap((state) => {
    // Near the end nobody waits for the rest of a chunk either: what is agreed of it by then is paid, or never.
    if (state.current !== undefined && !escrow.closing) return []
    // Near the end nobody waits for a living peer that may have no mind to pay: a second settlement changes nothing.
    const turn = escrow.closing ? [] : turnOf(finalizers(view, info, state), self)
    return [...unsettled(view, state)].flatMap(([attempt, agreed]): Standing<EscrowDuty>[] => {
      const { chunk } = state
      // One word that the escrow does not take would have the rest refused with it.
      const macros = agreed.filter((macro) => stakeOf(view, state.agreed.get(macro)?.validator as string) !== 'gone')
      if (macros.length === 0) return []
      return [{ id: `settle/${attemptKey(chunk, attempt)}/${macros.join(',')}`, before: turn, kind: 'settle', chunk, attempt, macros }]
    })
  })
  return [...engaging, ...settling]
}

/**
 * What a member of a draw says against a validator that has lost its bond since: the chain refuses a settlement as a whole where one validator of it has
 * not enough at stake, so that this one's MacroJobs need another.
 */
export function refusalDuties(view: JobView, info: JobInfo, self: string): Standing<EscrowDuty>[] {
  const { escrow } = view
  if (!isPaid(info) || escrow === undefined || escrow.stakes.size === 0 || isEscrowClosed(view) || escrow.expired) return []
  return chunkStates(view, info).flatMap((state) =>
    [...unsettled(view, state)].flatMap(([attempt, agreed]) => {
      const { chunk } = state
      if (!state.attempts[attempt]?.draw?.record.members.includes(self)) return []
      const key = attemptKey(chunk, attempt)
      const given = (view.refusals.get(key) ?? []).filter(({ author }) => author === self)
      const validators = new Set(agreed.map((macro) => state.agreed.get(macro)?.validator as string))
      const culprits = [...validators].filter(
        (peer) => peer !== self && stakeOf(view, peer) === 'gone' && !given.some(({ record }) => record.culprit === peer),
      )
      return culprits.map((culprit): Standing<EscrowDuty> => {
        const macros = agreed.filter((macro) => state.agreed.get(macro)?.validator === culprit)
        return { id: `refuse/${key}/${culprit}`, before: [], kind: 'refuse', record: { kind: 'refusal', chunk, attempt, culprit }, macros }
      })
    }),
  )
}

/** True where every agreed MacroJob has been paid, or will not be. */
export function isPaidOut(view: JobView, info: JobInfo): boolean {
  if (!isPaid(info) || isEscrowClosed(view)) return true
  return chunkStates(view, info).every((state) => unsettled(view, state).size === 0)
}

function unsettled(view: JobView, { chunk, macros, agreed }: ChunkState): Map<number, number[]> {
  const found = new Map<number, number[]>()
  for (const [index, macro] of macros.entries()) {
    const attempt = agreed.get(macro)?.attempt
    if (attempt === undefined || isSettled(view, chunk, index)) continue
    found.set(attempt, [...(found.get(attempt) ?? []), macro])
  }
  return found
}

/** Peers with a bond alone: whoever joins without one costs nothing, and must hold nobody up. */
function bonded(view: JobView, info: JobInfo): string[] {
  return [...view.peers.keys()].filter((peer) => hasStake(view, info, peer))
}

/**
 * Those who say that they can prove, processors of the chunk first: nobody waits for a living peer that has no circuits. Who says so and does not settle is waited
 * for once; who can and did not say so, having got its circuits since, comes last.
 */
function finalizers(view: JobView, info: JobInfo, { agreed }: ChunkState): string[] {
  const processed = new Set([...agreed.values()].flatMap(({ microJobs }) => microJobs.map(({ author }) => author)))
  const able = bonded(view, info).filter((peer) => view.peers.get(peer)?.settles === true)
  return processorsFirst(view.jobId, able, processed)
}
