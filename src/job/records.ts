import { z } from 'zod'
import { bytesToHex } from './bytes.ts'
import { jobInfoSchema } from './info.ts'
import { MAX_BLOCKS, MAX_MACRO_JOBS, MAX_MICRO_JOBS } from './slicing.ts'

/**
 * What peers write into a Job's log. A record is insert-once for its author and key, and says only what its author knows first-hand;
 * everything else is computed from all of them (view.ts). Sources: seeds/001 "MicroJob Processing" 4, docs/PROTOCOL.md "Records".
 */

/** A chunk that needs more draws than this has a culprit in each: the nonce chain is as long (see beacon.ts). */
export const MAX_ATTEMPTS = 16
/** Peers of one draw; a root record names each in 52 characters and must stay below a gossip envelope. */
export const MAX_MEMBERS = 256

const macro = z
  .int()
  .min(0)
  .max(MAX_MACRO_JOBS - 1)
/** N itself is the validation MicroJob. */
const micro = z.int().min(0).max(MAX_MICRO_JOBS)
const attempt = z
  .int()
  .min(0)
  .max(MAX_ATTEMPTS - 1)
const chunk = z
  .int()
  .min(0)
  .max(MAX_MACRO_JOBS - 1)
const bytes = (fits: (length: number) => boolean, expected: string) =>
  z.custom<Uint8Array>((value) => value instanceof Uint8Array && fits(value.length), expected)
const hash = bytes((length) => length === 32, 'expected 32 bytes')
const peer = z.string().min(46).max(64)
const wallet = z.string().regex(/^0x[0-9a-fA-F]{40}$/)
/** A wallet's under a statement to the escrow, in EIP-2098's short form (settlement/statements.ts). */
const signature = bytes((length) => length === 64, 'expected 64 bytes')
const cid = z.string().min(20).max(128)
const id = z.string().regex(/^[0-9a-f]{64}$/)

export const jobRecord = z.strictObject({ kind: z.literal('job'), info: jobInfoSchema })

/** The ids of one MacroJob as the requester computed them; every peer computes them again and refuses others. */
export const planRecord = z.strictObject({
  kind: z.literal('plan'),
  macro,
  id,
  microJobs: z
    .array(id)
    .min(1)
    .max(MAX_MICRO_JOBS + 1),
})

/** A peer joins the Job: its wallet, with the wallet's certificate over the peer's key, and its numeric fingerprint. */
export const peerRecord = z.strictObject({
  kind: z.literal('peer'),
  wallet,
  certificate: bytes((length) => length <= 512, 'expected at most 512 bytes'),
  fingerprint: z
    .string()
    .regex(/^[0-9a-f]{16,64}$/)
    .nullable(),
  /** In a paid Job, whether it has what it takes to prove a settlement: turns to settle go by rank among those who have (turns.ts). */
  settles: z.boolean().optional(),
})

/** "I have processed (macro, micro)": binding, and hiding the result until the reveal. */
export const commitRecord = z.strictObject({
  kind: z.literal('commit'),
  macro,
  micro,
  attempt,
  commit: hash,
  /** Head of the author's nonce chain for this chunk; the same in all its commits there. */
  chainHead: hash,
  /** Of a validator, the challenge of the draw that it followed; null of a processor. */
  challenge: hash.nullable(),
  /** In a paid Job, the wallet's under the LeafCommit: what convicts it of a wrong result. */
  signature: signature.optional(),
})

/** A proposal of which commits settle together in one attempt; fixed when every picked author has opened its nonce for it. */
export const rootRecord = z.strictObject({
  kind: z.literal('root'),
  chunk,
  attempt,
  /** Who may validate: the peers that had joined when the root was proposed. */
  members: z.array(peer).min(1).max(MAX_MEMBERS),
  /** Authors of the picked commits; `by` are indices into this list, and `at` the attempt of each pick's commit, so that a later one changes nothing. */
  authors: z.array(peer).min(1).max(MAX_MEMBERS),
  picks: z
    .array(
      z.strictObject({
        macro,
        by: z
          .array(
            z
              .int()
              .min(0)
              .max(MAX_MEMBERS - 1),
          )
          .min(1)
          .max(MAX_MICRO_JOBS),
        at: z.array(attempt).min(1).max(MAX_MICRO_JOBS),
      }),
    )
    .min(1),
})

export const nonceRecord = z.strictObject({ kind: z.literal('nonce'), chunk, attempt, root: hash, nonce: hash })

/** In a paid Job, in the place of a nonce: the wallet's signature under the proposal, which the escrow wants to see before it takes a root. */
export const endorsementRecord = z.strictObject({ kind: z.literal('endorsement'), chunk, attempt, proposal: hash, signature })

/** In a paid Job, a validator's word to the escrow that all openings of the MacroJob agree with its own run. */
export const verdictRecord = z.strictObject({ kind: z.literal('verdict'), macro, attempt, verdict: hash, signature })

/** Opens a commit: the wallet is the author's, `checksum` = H(key & data) as the seed's CRDT record has it. */
export const revealRecord = z.strictObject({
  kind: z.literal('reveal'),
  macro,
  micro,
  /** Of the commit that it opens. */
  attempt,
  blockHashes: z.array(hash).min(1).max(Math.max(MAX_BLOCKS, MAX_MICRO_JOBS)),
  salt: hash,
  /** The results: all blocks' outputs one after another. */
  cid,
  /** A validator's judgement of each MicroJob where `tolerance` compares numbers; null where hashes decide. */
  verdicts: z.array(z.boolean()).max(MAX_MICRO_JOBS).nullable(),
  wallet,
  checksum: hash,
})

/** A third peer's run of a disputed block. `agrees` names whose result equals its own. */
export const recheckRecord = z.strictObject({
  kind: z.literal('recheck'),
  macro,
  micro,
  attempt,
  /** Which one it ran: a reorganised chain draws another one for the same attempt. */
  block: z
    .int()
    .min(0)
    .max(MAX_BLOCKS - 1),
  hash,
  agrees: z.enum(['processor', 'validator', 'both', 'neither']),
})

/** In a paid Job, the word of a peer that ran a disputed block against who got it wrong: three of them cost the culprit a part of its bond. */
export const testimonyRecord = z.strictObject({ kind: z.literal('testimony'), macro, micro, attempt, culprit: peer, hash, signature })

/** A vote that an attempt is stuck, and which of its MicroJobs were not opened in time. */
export const reopenRecord = z.strictObject({
  kind: z.literal('reopen'),
  chunk,
  attempt,
  items: z.array(z.tuple([macro, micro])).max(MAX_MICRO_JOBS),
})

/**
 * In a paid Job, "the chain says that `culprit`, whose word as a validator the settlement of this attempt needs, has not enough at stake": the escrow
 * would refuse the whole settlement (docs/PROTOCOL.md, "What the escrow refuses").
 */
export const refusalRecord = z.strictObject({ kind: z.literal('refusal'), chunk, attempt, culprit: peer })

export const reportRecord = z.strictObject({ kind: z.literal('report'), cid, outcome: hash })

/** A peer gives the Job up, and why: docs/PROTOCOL.md, "A Job that cannot be done". */
export const complaintRecord = z.strictObject({
  kind: z.literal('complaint'),
  reason: z.enum(['compile', 'timeout', 'limits', 'crash', 'data', 'answers']),
  macro,
  micro,
})

export const cancelRecord = z.strictObject({ kind: z.literal('cancel') })

export const recordSchema = z.discriminatedUnion('kind', [
  jobRecord,
  planRecord,
  peerRecord,
  commitRecord,
  rootRecord,
  nonceRecord,
  endorsementRecord,
  verdictRecord,
  revealRecord,
  recheckRecord,
  testimonyRecord,
  reopenRecord,
  refusalRecord,
  reportRecord,
  complaintRecord,
  cancelRecord,
])

export type JobRecord = z.infer<typeof recordSchema>
export type RecordOf<Kind extends JobRecord['kind']> = Extract<JobRecord, { kind: Kind }>

/** The key under which a record stands; the log itself adds the Job before and the author after it. */
export function keyOf(record: JobRecord): string {
  switch (record.kind) {
    case 'job':
      return 'Job'
    case 'plan':
      return `MacroJob${record.macro}`
    case 'peer':
      return 'Peer'
    case 'commit':
      return `MacroJob${record.macro}/MicroJob${record.micro}/commit${record.attempt}`
    case 'reveal':
      return `MacroJob${record.macro}/MicroJob${record.micro}/reveal${record.attempt}`
    case 'verdict':
      return `MacroJob${record.macro}/verdict${record.attempt}`
    case 'testimony':
      return `MacroJob${record.macro}/MicroJob${record.micro}/testimony${record.attempt}/${record.culprit}`
    case 'recheck':
      return `MacroJob${record.macro}/MicroJob${record.micro}/recheck${record.attempt}`
    case 'root':
    case 'nonce':
    case 'reopen':
      return `Chunk${record.chunk}/${record.kind}${record.attempt}`
    case 'endorsement':
      // A better proposal may come, or the one that was signed lose its point: whoever could sign but one would hold all others up.
      return `Chunk${record.chunk}/endorsement${record.attempt}/${bytesToHex(record.proposal.subarray(0, 8))}`
    case 'refusal':
      return `Chunk${record.chunk}/refusal${record.attempt}/${record.culprit}`
    case 'report':
      // An outcome may yet give way to another (docs/PROTOCOL.md, "Two draws"): then there is a report of each.
      return `Report/${bytesToHex(record.outcome.subarray(0, 8))}`
    case 'complaint':
      return 'Complaint'
    case 'cancel':
      return 'Cancel'
  }
}
