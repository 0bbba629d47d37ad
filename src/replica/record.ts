import { bytesToHex } from '@noble/hashes/utils.js'
import type { PeerId } from '../ports.ts'
import { ByteWriter, equalBytes } from './bytes.ts'
import { decodeEnvelope, ENVELOPE_OVERHEAD_BYTES, type Envelope, type JobContext, type Statement } from './envelope.ts'
import type { Sha256 } from './hash.ts'

/** Store keys: `job/<job>`, `log/<job>/<author>/<incarnation>/<from>`, `proof/<job>/<author>`, and `bad/<key>` for what was quarantined. */
export const KEYS = {
  jobs: 'job/',
  job: (job: Uint8Array) => `job/${bytesToHex(job)}`,
  logs: (job: Uint8Array) => `log/${bytesToHex(job)}/`,
  envelope: (job: Uint8Array, { author, incarnation, from }: Pick<Statement, 'author' | 'incarnation' | 'from'>) =>
    `log/${bytesToHex(job)}/${author}/${hex14(incarnation)}/${hex14(from)}`,
  proofs: (job: Uint8Array) => `proof/${bytesToHex(job)}/`,
  proof: (job: Uint8Array, author: PeerId) => `proof/${bytesToHex(job)}/${author}`,
  bad: (key: string) => `bad/${key}`,
} as const

const TAG_BYTES = 8

/** An envelope as it is stored: a tag over all of it comes first, so that a damaged one is known without a signature's cost. */
export function encodeRecord(envelope: Envelope, sha256: Sha256): Uint8Array {
  return new ByteWriter(TAG_BYTES + envelope.bytes.length).raw(tagOf(envelope, sha256)).raw(envelope.bytes).done()
}

/** The bytes of the envelope in a record, unchecked. */
export function envelopeBytes(record: Uint8Array): Uint8Array {
  return record.subarray(TAG_BYTES)
}

/** The envelope that this peer had verified before it stored it. Throws EnvelopeRefusedError where the record is damaged. */
export function decodeRecord(context: JobContext, record: Uint8Array): Envelope {
  const envelope = decodeEnvelope(context, envelopeBytes(record))
  if (!equalBytes(record.subarray(0, TAG_BYTES), tagOf(envelope, context.sha256))) throw new RangeError('Expected the tag of the record.')
  return envelope
}

function tagOf({ bytes, updateHash }: Envelope, sha256: Sha256): Uint8Array {
  const covered = new ByteWriter(ENVELOPE_OVERHEAD_BYTES + 32).raw(bytes.subarray(0, ENVELOPE_OVERHEAD_BYTES)).raw(updateHash).done()
  return sha256(covered).slice(0, TAG_BYTES)
}

/** Fixed width, so that keys sort as numbers do. */
function hex14(value: number): string {
  return value.toString(16).padStart(14, '0')
}
