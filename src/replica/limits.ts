/**
 * Bounds on what one Job's log takes in, until `bound` tells what a Job of its shape can need. Author quotas must be the same on all peers: an excess is
 * proved to others (proof.ts).
 */
export interface LogLimits {
  /** Entries of one author in one Job. @default 262,144: a requester's records of the largest Job that JobInfo may describe */
  maxAuthorEntries: number
  /** Bytes of one author's updates in one Job. @default 128 MiB: twice those entries at the usual 220 bytes */
  maxAuthorBytes: number
  /** Starts (incarnations) that one author may have written in one Job. @default 256: a restart every few minutes for a day */
  maxIncarnations: number
  /** Authors in one Job: the last bound on memory; who may write is `allow`'s to say. @default 4,096 */
  maxAuthors: number
  /** Bytes of all authors in one Job: the last bound on memory. @default 1 GiB */
  maxJobBytes: number
  /** Bytes of envelopes that wait for an earlier one. @default 4 MiB: a hundred envelopes of 32 records and room to spare */
  maxHeldBytes: number
  /** Envelopes of one log that wait for an earlier one. @default 64: each arrival is compared with all of them */
  maxHeldPerLog: number
}

export const DEFAULT_LIMITS: LogLimits = {
  maxAuthorEntries: 262_144,
  maxAuthorBytes: 128 * 2 ** 20,
  maxIncarnations: 256,
  maxAuthors: 4096,
  maxJobBytes: 2 ** 30,
  maxHeldBytes: 4 * 2 ** 20,
  maxHeldPerLog: 64,
}

/** Bytes of a value: the largest record that `protocol/records.ts` reads. */
export const MAX_VALUE_BYTES = 160 * 1024
/** Bytes of an envelope on the wire: one value of that size, or a full batch and one more of the usual size. */
export const MAX_ENVELOPE_BYTES = 192 * 1024
/** Bytes of a key without its author. */
export const MAX_KEY_BYTES = 256
/** Entries of one envelope: bounds the work between two turns of the event loop to about 2 ms. */
export const MAX_ENVELOPE_ENTRIES = 256
/** Bytes of a gossip message: a proof with two whole envelopes. The network itself takes 1 MiB. */
export const MAX_GOSSIP_BYTES = 400 * 1024

/** A batch of local appends is sealed at so many entries: 32 already bring the signature below 4 µs an entry. */
export const BATCH_ENTRIES = 128
/** … or at so many bytes of updates. */
export const BATCH_BYTES = 48 * 1024
/** … or after so long: at most 40 messages a second and Job from one peer. Message count is the network's cost, not bytes. */
export const BATCH_MS = 25
/** More envelopes than this from one batch are announced by the last alone; peers fetch the rest by stream. */
export const MAX_GOSSIP_BURST = 8
