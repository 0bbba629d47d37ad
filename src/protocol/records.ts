import { UnexpectedRecordError } from '../job/errors.ts'
import { isJobId, type JobId, jobIdOf } from '../job/ids.ts'
import { type JobInfo, parseJobInfo } from '../job/info.ts'
import { type JobRecord, keyOf, recordSchema } from '../job/records.ts'
import type { LogSchema, PeerId } from '../ports.ts'
import { verifyCertificate } from './certificate.ts'
import { decodeCbor, encodeCbor } from './codec.ts'
import { readHotRecord } from './hot-records.ts'

/** A root record over 4,096 MicroJobs is the largest: two bytes a pick and 52 characters a member. */
const MAX_RECORD_BYTES = 160 * 1024
/** job → info → slicing → output → block: five levels, and two to spare. */
const MAX_DEPTH = 8
/** Only a tolerance is a float. */
const LIMITS = { maxBytes: MAX_RECORD_BYTES, maxDepth: MAX_DEPTH, allowFloats: true }

/** The canonical bytes of a record, as the Job's log carries them. */
export function encodeRecord(record: JobRecord): Uint8Array {
  return encodeCbor(record, LIMITS)
}

/** The id of a Job, from what its requester wrote. */
export function jobIdOfInfo(info: JobInfo): JobId {
  return jobIdOf(encodeCbor(info, LIMITS))
}

/**
 * The record that `author` wrote under `key` in the log of `jobId`. Throws UnexpectedRecordError where the bytes are no record, stand under a key
 * that is not theirs, or claim what their author cannot claim: another's Job, another's wallet.
 */
export function decodeRecord(jobId: string, author: PeerId, key: string, value: Uint8Array): JobRecord {
  const record = (value.byteLength <= MAX_RECORD_BYTES && readHotRecord(value)) || readRecord(key, value)
  if (keyOf(record) !== key) throw new UnexpectedRecordError('wrong-key', key)
  if (record.kind === 'job') checkJob(jobId, author, record.info)
  if (record.kind === 'peer') checkPeer(author, record.certificate, record.wallet)
  return record
}

function readRecord(key: string, value: Uint8Array): JobRecord {
  const parsed = recordSchema.safeParse(decodeCbor(value, LIMITS))
  if (!parsed.success) throw new UnexpectedRecordError('malformed', key)
  return parsed.data
}

/** decodeRecord as the judge of a log's values. */
export const recordLogSchema: LogSchema = (jobId, author, key, value) => {
  decodeRecord(jobId, author, key, value)
}

function checkJob(jobId: string, author: PeerId, info: JobInfo) {
  parseJobInfo(info)
  if (info.requester !== author) throw new UnexpectedRecordError('not-the-requester', 'Job')
  if (!isJobId(jobId) || jobIdOfInfo(info) !== jobId) throw new UnexpectedRecordError('wrong-job', 'Job')
}

function checkPeer(author: PeerId, certificate: Uint8Array, wallet: string) {
  const { peer, wallet: signer } = verifyCertificate(certificate)
  if (peer !== author || signer.toLowerCase() !== wallet.toLowerCase()) throw new UnexpectedRecordError('wrong-certificate', 'Peer')
}
