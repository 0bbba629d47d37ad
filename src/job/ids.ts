import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { poseidon3 } from 'poseidon-lite/poseidon3'
import { poseidon16 } from 'poseidon-lite/poseidon16'
import { fieldToHex, hexToField } from './field.ts'
import type { JobInfo } from './info.ts'

/** 62 hexadecimal digits: 31 bytes, so that it is an element of the circuit's field as it stands. */
export type JobId = string & { readonly brand: 'JobId' }
export type MacroJobId = string & { readonly brand: 'MacroJobId' }
export type MicroJobId = string & { readonly brand: 'MicroJobId' }

/** One permutation of width 17 gives 16 ids: a third of a constraint count of one an id (SETTLEMENT.md, "wide"). */
const IDS_PER_PERMUTATION = 16
/** Keeps MacroJob ids apart from whatever else is hashed from (seed, index). */
const MACRO_JOB_DOMAIN = 0x4d4a4f42n

const JOB_DOMAIN = utf8ToBytes('minga/job/1\0')

/** The id of the Job whose canonical JobInfo is `bytes` (protocol/records gives them). */
export function jobIdOf(canonicalInfo: Uint8Array): JobId {
  return bytesToHex(sha256(concatBytes(JOB_DOMAIN, canonicalInfo)).subarray(0, 31)) as JobId
}

export function isJobId(text: string): text is JobId {
  return /^[0-9a-f]{62}$/.test(text)
}

/** The id of MacroJob `macro`, from the Job's seed. */
export function macroJobId({ seed }: Pick<JobInfo, 'seed'>, macro: number): MacroJobId {
  return fieldToHex(poseidon3([hexToField(seed), BigInt(macro), MACRO_JOB_DOMAIN])) as MacroJobId
}

/** The ids of MicroJobs 0 … count − 1 of one MacroJob, from the Job's seed; the validation MicroJob is the one after the last. */
export function microJobIds({ seed }: Pick<JobInfo, 'seed'>, macro: number, count: number): MicroJobId[] {
  const ids: MicroJobId[] = []
  for (let group = 0; ids.length < count; group++) {
    const inputs = [hexToField(seed), BigInt(macro * 65_536 + group), ...new Array<bigint>(14).fill(0n)]
    const outputs = poseidon16(inputs, IDS_PER_PERMUTATION) as unknown as bigint[]
    for (const id of outputs.slice(0, count - ids.length)) ids.push(fieldToHex(id) as MicroJobId)
  }
  return ids
}
