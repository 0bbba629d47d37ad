import type { LogSchema, PeerId, Signer } from '../ports.ts'
import { peerIdFromPublicKey } from '../protocol/peer-id.ts'
import { ByteReader, ByteWriter, equalBytes, plainBytes } from './bytes.ts'
import { EnvelopeRefusedError } from './errors.ts'
import { clientIdOf, domain, type Sha256 } from './hash.ts'
import { MAX_ENVELOPE_BYTES } from './limits.ts'
import { decodeUpdate, encodeUpdate, type UpdateEntry, type UpdateItem, yjsKey } from './update.ts'

/**
 * An envelope carries one Yjs update of one author:
 * version 1 · public key 32 · incarnation 8 · from 8 · to 8 · total 8 · signature 64 · update.
 * `from … to` are the Yjs clocks (one an entry), `total` the bytes of all the log's updates up to here. The signature covers
 * domain · H(Job) · public key · incarnation · from · to · total · H(update); without the update that is a *statement*.
 */
const VERSION = 1
const KEY_BYTES = 32
const SIGNATURE_BYTES = 64
const HASH_BYTES = 32
const HEADER_BYTES = KEY_BYTES + 32
export const ENVELOPE_OVERHEAD_BYTES = 1 + HEADER_BYTES + SIGNATURE_BYTES
export const STATEMENT_BYTES = HEADER_BYTES + HASH_BYTES + SIGNATURE_BYTES

const SIGNED_DOMAIN = domain('minga/log/1')

/** What an author signed: that its log of one incarnation has this update at this place. */
export interface Statement {
  publicKey: Uint8Array
  author: PeerId
  /** A random number of 48 bits, drawn each time the author opens the log. */
  incarnation: number
  from: number
  to: number
  totalBytes: number
  updateHash: Uint8Array
  signature: Uint8Array
}

/** An envelope whose form was checked; its signature is another matter (`verifyStatement`). */
export interface Envelope extends Statement {
  bytes: Uint8Array
  update: Uint8Array
  clientId: number
  entries: UpdateItem[]
}

/** What is the same for all envelopes of a Job. */
export interface JobContext {
  jobId: string
  /** `jobHash(jobId)`. */
  job: Uint8Array
  schema: LogSchema
  sha256: Sha256
}

/** Names a log: an author's one incarnation. */
export function logKey({ author, incarnation }: Pick<Statement, 'author' | 'incarnation'>): string {
  return `${author}/${incarnation}`
}

/** Signs `entries` as the continuation of a log that ends at (`from`, `totalBytes`). */
export async function sealEnvelope(
  { job, sha256 }: JobContext,
  signer: Signer,
  place: { incarnation: number; from: number; totalBytes: number },
  entries: UpdateEntry[],
): Promise<Envelope> {
  const { incarnation, from } = place
  const { publicKey, peer: author } = signer
  const clientId = clientIdOf(publicKey, job, incarnation)
  const update = encodeUpdate({ clientId, clock: from, entries }, author)
  const to = from + entries.length
  const totalBytes = place.totalBytes + update.length
  const unsigned = { publicKey, author, incarnation, from, to, totalBytes, updateHash: sha256(update) }
  const signature = await signer.sign(signedBytes(job, unsigned))
  const writer = writeHeader(new ByteWriter(ENVELOPE_OVERHEAD_BYTES + update.length).u8(VERSION), unsigned)
  const bytes = writer.raw(signature).raw(update).done()
  const items = entries.map(({ key, value }) => ({ key, value, yjsKey: yjsKey(key, author) }))
  return { ...unsigned, signature, bytes, update, clientId, entries: items }
}

/** Reads an envelope without a look at the signature. Throws EnvelopeRefusedError('malformed' | 'too-large'). */
export function decodeEnvelope({ job, sha256 }: Pick<JobContext, 'job' | 'sha256'>, input: Uint8Array): Envelope {
  const bytes = plainBytes(input)
  if (bytes.length > MAX_ENVELOPE_BYTES)
    throw new EnvelopeRefusedError('too-large', `expected at most ${MAX_ENVELOPE_BYTES} bytes, found ${bytes.length}`)
  const reader = new ByteReader(bytes)
  if (reader.u8() !== VERSION) throw new EnvelopeRefusedError('malformed', `expected version ${VERSION}`)
  const header = readHeader(reader)
  const signature = reader.take(SIGNATURE_BYTES)
  const update = reader.rest()
  const { clientId, clock, entries } = decodeUpdate(update, header.author)
  if (clientId !== clientIdOf(header.publicKey, job, header.incarnation)) {
    throw new EnvelopeRefusedError('wrong-client', "expected the clientID of the author's key, this Job and the incarnation")
  }
  if (clock !== header.from || clock + entries.length !== header.to) {
    throw new EnvelopeRefusedError(
      'wrong-clock',
      `expected clocks ${header.from} to ${header.to}, found ${clock} to ${clock + entries.length}`,
    )
  }
  return { ...header, updateHash: sha256(update), signature, bytes, update, clientId, entries }
}

/** Whose log an envelope claims to continue, and how far; nothing of it is checked. Throws EnvelopeRefusedError('malformed'). */
export function peekEnvelope(bytes: Uint8Array): { author: PeerId; log: string; to: number } {
  const reader = new ByteReader(bytes)
  reader.u8()
  const header = readHeader(reader)
  return { author: header.author, log: logKey(header), to: header.to }
}

/** Throws EnvelopeRefusedError('schema') where a value is not what its key promises. */
export function checkSchema({ jobId, schema }: JobContext, { author, entries }: Envelope): void {
  try {
    for (const { key, value } of entries) schema(jobId, author, key, value)
  } catch (cause) {
    throw new EnvelopeRefusedError('schema', 'a value is not what its key promises', cause)
  }
}

/** The bytes that the author signs. */
export function signedBytes(job: Uint8Array, statement: Omit<Statement, 'signature'>): Uint8Array {
  return writeHeader(new ByteWriter(160).raw(SIGNED_DOMAIN).raw(job), statement).raw(statement.updateHash).done()
}

export function encodeStatement(statement: Statement): Uint8Array {
  return writeHeader(new ByteWriter(STATEMENT_BYTES), statement).raw(statement.updateHash).raw(statement.signature).done()
}

export function decodeStatement(bytes: Uint8Array): Statement {
  const reader = new ByteReader(bytes)
  const header = readHeader(reader)
  const statement = { ...header, updateHash: reader.take(HASH_BYTES), signature: reader.take(SIGNATURE_BYTES) }
  reader.end()
  return statement
}

function writeHeader(writer: ByteWriter, { publicKey, incarnation, from, to, totalBytes }: Omit<Statement, 'signature' | 'updateHash'>) {
  return writer.raw(publicKey).u64(incarnation).u64(from).u64(to).u64(totalBytes)
}

function readHeader(reader: ByteReader) {
  const publicKey = reader.take(KEY_BYTES)
  const [incarnation, from, to, totalBytes] = [reader.u64(), reader.u64(), reader.u64(), reader.u64()]
  if (from >= to) throw new EnvelopeRefusedError('wrong-clock', `expected a range of clocks, found ${from} to ${to}`)
  return { publicKey, author: authorOf(publicKey), incarnation, from, to, totalBytes }
}

let last: { publicKey: Uint8Array; author: PeerId } | undefined

/** An author's envelopes mostly come one after another, and its id costs as much as decoding ten of its records. */
function authorOf(publicKey: Uint8Array): PeerId {
  if (last === undefined || !equalBytes(last.publicKey, publicKey))
    last = { publicKey: publicKey.slice(), author: peerIdFromPublicKey(publicKey) }
  return last.author
}
