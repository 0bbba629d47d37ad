import { beaconOf, rootOf } from './beacon.ts'
import type { Draw } from './bench.ts'
import { bytesToHex, equalBytes, hashOf, uint32, utf8ToBytes } from './bytes.ts'
import type { ChunkState } from './chunk-state.ts'
import type { Commits } from './commits.ts'
import { stakeOf } from './escrow-facts.ts'
import { type Endorser, endorsersOf, escrowDrawOf, escrowRootOf, pinnedBeacon } from './escrow-proposal.ts'
import type { JobInfo } from './info.ts'
import { isPaid } from './payment.ts'
import type { RecordOf } from './records.ts'
import { challengeOf } from './sampling.ts'
import { attemptKey, type JobView, openedNonce } from './view.ts'

/** Which commits settle together, as one peer proposes it. */
export interface Proposal {
  proposer: string
  record: RecordOf<'root'>
  /** Of an unpaid Job the digest; of a paid one what the escrow is given. */
  root: Uint8Array
  /** Names the proposal: whose commits, and who may validate. */
  digest: Uint8Array
  /** Of a paid Job, who has signed it and has a bond, by wallet. */
  endorsers: Endorser[]
  /** Authors who have not opened their nonce for this root yet, or have not endorsed it. */
  missing: string[]
  /** The picked commits, in order. */
  leaves: readonly Uint8Array[]
  /** Each author's chain head, as its picked commits have it. */
  heads: Map<string, Uint8Array>
  /** It builds on a commit that was given up: nobody honest signs it any more, and where all have it stands. */
  stale: boolean
}

/** All that was proposed in an attempt and can be read, in no order. */
export function proposalsOf(view: JobView, info: JobInfo, state: ChunkState, commits: Commits, attempt: number): Proposal[] {
  return (view.roots.get(attemptKey(state.chunk, attempt)) ?? [])
    .map(({ author, record }) => readProposal(view, info, state, commits, author, record))
    .filter((proposal) => proposal !== undefined)
}

/** A proposal whose picks are there and are what their authors committed to; undefined otherwise. */
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
  let stale = false
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
      stale ||= commits.isStale(macro, micro, commit)
      picked.push(commit.record.commit)
    }
  }
  // Each author once, and none that nothing was picked of.
  if (heads.size !== record.authors.length || new Set(record.authors).size !== heads.size) return undefined
  const digest = rootOf(view.jobId, record, picked)
  if (isPaid(info)) {
    const root = escrowRootOf(view, info, record, picked)
    const signers = endorsersOf(view, info, { record, root, digest })
    const signed = new Set(signers.map(({ peer }) => peer))
    // The escrow counts the signatures of those alone who have a bond and have not asked it back.
    const endorsers = signers.filter(({ peer }) => !['leaving', 'gone'].includes(stakeOf(view, peer) ?? ''))
    const missing = record.authors.filter((author) => !signed.has(author))
    return { proposer, record, root, digest, endorsers, missing, heads, stale, leaves: picked }
  }
  const root = digest
  const missing = record.authors.filter(
    (author) => openedNonce(view, heads.get(author) as Uint8Array, author, root, state.chunk, record.attempt) === undefined,
  )
  return { proposer, record, root, digest, endorsers: [], missing, heads, stale, leaves: picked }
}

/** The order in which peers propose, and in which proposals of one attempt are preferred: the smaller text first. */
export function proposalRank(view: JobView, { chunk, attempt }: { chunk: number; attempt: number }, proposer: string): string {
  return bytesToHex(hashOf('proposer', utf8ToBytes(view.jobId), uint32(chunk), uint32(attempt), utf8ToBytes(proposer)))
}

/** True where a proposal builds on the work of one of these peers, or lets one judge. */
export function namesAny({ authors, members }: RecordOf<'root'>, peers: ReadonlySet<string>): boolean {
  return peers.size > 0 && [...authors, ...members].some((peer) => peers.has(peer))
}

/** The proposals that every picked author has opened its nonce for, the better rank first. An author opens for one proposal only. */
export function fixedDraws(view: JobView, info: JobInfo, state: ChunkState, proposals: readonly Proposal[]): Draw[] {
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
