import type { JobInfo } from './info.ts'

/** What the log of one Job may hold, for an author and in all. */
export interface LogQuota {
  authorEntries: number
  authorBytes: number
  jobBytes: number
}

/** Commit, reveal, recheck and testimony, each in two attempts: one author alone seldom writes half of it. */
const RECORDS_OF_MICRO_JOB = 8
/** Key, hashes and signature of such a record; a reveal has the hash of each block besides. */
const RECORD_BYTES = 512
const BLOCK_BYTES = 36
/** The Job itself, its author's membership, reports, complaints. */
const BASE_ENTRIES = 1024
const BASE_BYTES = 1024 * 1024
/** Roots of some attempts, each with up to 256 members twice, nonces, endorsements, what is reopened, whom the escrow refuses. */
const CHUNK_ENTRIES = 64
const CHUNK_BYTES = 256 * 1024
/** So many authors may each fill their part before others find no room: more than a MacroJob has peers. */
const FULL_AUTHORS = 16

/**
 * What an author can ever need in the log of a Job of this shape, with room to spare. Everybody computes the same from the Job's description, which its id
 * fixes, so an excess convicts alike at all peers.
 */
export function logQuotaOf({ slicing }: Pick<JobInfo, 'slicing'>): LogQuota {
  const { macroJobs, microJobs, blocks, chunkMacroJobs } = slicing
  // The validation MicroJob comes after the last.
  const records = macroJobs * (microJobs + 1) * RECORDS_OF_MICRO_JOB
  const chunks = Math.ceil(macroJobs / chunkMacroJobs)
  const authorBytes = BASE_BYTES + chunks * CHUNK_BYTES + records * (RECORD_BYTES + blocks * BLOCK_BYTES)
  return { authorEntries: BASE_ENTRIES + chunks * CHUNK_ENTRIES + records, authorBytes, jobBytes: FULL_AUTHORS * authorBytes }
}
