import type { PeerId, StreamSpec } from '../ports.ts'
import { peerIdFromPublicKey, publicKeyFromPeerId } from '../protocol/peer-id.ts'
import { CHAIN_BYTES } from './author-log.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { EnvelopeRefusedError } from './errors.ts'
import { MAX_ENVELOPE_BYTES, MAX_GOSSIP_BYTES } from './limits.ts'

const KIB = 1024
const MIB = 1024 * KIB

/** The stream protocol of logs. Its bounds: a push carries a few envelopes, a pull's answer ends and is continued before it grows long. */
export const LOG_SYNC: StreamSpec = {
  protocol: '/minga/log/1',
  maxRequestBytes: 1 * MIB,
  maxFrameBytes: 512 * KIB,
  maxResponseBytes: 80 * MIB,
  idleTimeoutMs: 15_000,
  totalTimeoutMs: 120_000,
  // More than the syncs that a replica runs at once (MAX_SYNCS).
  maxConcurrent: 8,
}

/** What one answer to a pull carries before it says "more": below maxResponseBytes by a frame and its envelopes. */
export const PULL_BYTES = 64 * MIB
/** What a frame of envelopes, or a push, is filled to. */
export const FILL_BYTES = 256 * KIB
/** Heads of one frame, and wants of one pull, at 64 to 70 bytes each. */
export const HEADS_AT_ONCE = 4096
/** Author ids and Job ids are shorter. */
const MAX_ID_BYTES = 128

/** How far a log reaches, and the hash of all up to there. */
export interface Head {
  publicKey: Uint8Array
  incarnation: number
  clock: number
  chain: Uint8Array
}

/** A log from `clock` on; `statements` asks for what the author signed instead, to find where two histories part. */
export interface Want extends Head {
  statements: boolean
}

export type SyncRequest =
  | { kind: 'heads'; jobId: string; digest: Uint8Array }
  | { kind: 'pull'; jobId: string; wants: Want[]; proofs: PeerId[] }
  | { kind: 'push'; jobId: string; proofs: Uint8Array[]; envelopes: Uint8Array[] }

export type SyncFrame =
  | { kind: 'same' | 'unknown' | 'more' }
  | { kind: 'heads'; heads: Head[]; convicted: PeerId[] }
  | { kind: 'envelopes' | 'proofs' | 'statements'; items: Uint8Array[] }
  | { kind: 'taken'; entries: number }

const REQUESTS = ['heads', 'pull', 'push'] as const
const FRAMES = ['same', 'unknown', 'more', 'heads', 'envelopes', 'proofs', 'statements', 'taken'] as const

export function encodeRequest(request: SyncRequest): Uint8Array {
  const writer = new ByteWriter(512).u8(REQUESTS.indexOf(request.kind)).u8(request.jobId.length).ascii(request.jobId)
  if (request.kind === 'heads') writer.raw(request.digest)
  if (request.kind === 'pull') {
    writeList(writer, request.wants, (want) => writeHead(writer, want).u8(want.statements ? 1 : 0))
    writeList(writer, request.proofs, (author) => writer.raw(publicKeyFromPeerId(author)))
  }
  if (request.kind === 'push') {
    writeList(writer, request.proofs, (proof) => writer.varBytes(proof))
    writeList(writer, request.envelopes, (envelope) => writer.varBytes(envelope))
  }
  return writer.done()
}

/** Throws EnvelopeRefusedError('malformed'). */
export function decodeRequest(bytes: Uint8Array): SyncRequest {
  const reader = new ByteReader(bytes)
  const kind = pick(REQUESTS, reader.u8())
  const jobId = reader.ascii(Math.min(reader.u8(), MAX_ID_BYTES))
  const request: SyncRequest =
    kind === 'heads'
      ? { kind, jobId, digest: reader.take(16) }
      : kind === 'pull'
        ? {
            kind,
            jobId,
            wants: readList(reader, () => ({ ...readHead(reader), statements: reader.u8() === 1 })),
            proofs: readAuthors(reader),
          }
        : { kind, jobId, proofs: readList(reader, () => reader.varBytes()), envelopes: readList(reader, () => reader.varBytes()) }
  reader.end()
  return request
}

export function encodeFrame(frame: SyncFrame): Uint8Array {
  const writer = new ByteWriter(512).u8(FRAMES.indexOf(frame.kind))
  if (frame.kind === 'heads') {
    writeList(writer, frame.heads, (head) => writeHead(writer, head))
    writeList(writer, frame.convicted, (author) => writer.raw(publicKeyFromPeerId(author)))
  } else if ('items' in frame) writeList(writer, frame.items, (item) => writer.varBytes(item))
  else if (frame.kind === 'taken') writer.varUint(frame.entries)
  return writer.done()
}

/** Throws EnvelopeRefusedError('malformed'). */
export function decodeFrame(bytes: Uint8Array): SyncFrame {
  const reader = new ByteReader(bytes)
  const kind = pick(FRAMES, reader.u8())
  const frame = readFrame(kind, reader)
  reader.end()
  return frame
}

function readFrame(kind: SyncFrame['kind'], reader: ByteReader): SyncFrame {
  switch (kind) {
    case 'heads':
      return { kind, heads: readList(reader, () => readHead(reader)), convicted: readAuthors(reader) }
    case 'envelopes':
    case 'proofs':
    case 'statements':
      return { kind, items: readList(reader, () => reader.varBytes()) }
    case 'taken':
      return { kind, entries: reader.varUint() }
    default:
      return { kind }
  }
}

function writeHead(writer: ByteWriter, { publicKey, incarnation, clock, chain }: Head): ByteWriter {
  return writer.raw(publicKey).u64(incarnation).varUint(clock).raw(chain)
}

function readHead(reader: ByteReader): Head {
  return { publicKey: reader.take(32), incarnation: reader.u64(), clock: reader.varUint(), chain: reader.take(CHAIN_BYTES) }
}

function readAuthors(reader: ByteReader): PeerId[] {
  return readList(reader, () => peerIdFromPublicKey(reader.take(32)))
}

function writeList<T>(writer: ByteWriter, items: readonly T[], write: (item: T) => void): void {
  writer.varUint(items.length)
  for (const item of items) write(item)
}

/** The count is a stranger's: nothing is allocated for it, and each item takes at least a byte. */
function readList<T>(reader: ByteReader, read: () => T): T[] {
  const items: T[] = []
  for (let left = reader.varUint(); left > 0; left--) items.push(read())
  return items
}

function pick<T>(names: readonly T[], index: number): T {
  const name = names[index]
  if (name === undefined) throw new EnvelopeRefusedError('malformed', `expected a kind below ${names.length}, found ${index}`)
  return name
}

/** Splits items so that each part is filled to about FILL_BYTES, and none passes a frame by more than one item. */
export function* filled(items: Iterable<Uint8Array>): Generator<Uint8Array[]> {
  let part: Uint8Array[] = []
  let bytes = 0
  for (const item of items) {
    if (part.length > 0 && bytes + item.length > FILL_BYTES) {
      yield part
      part = []
      bytes = 0
    }
    part.push(item)
    bytes += item.length
  }
  if (part.length > 0) yield part
}

// A frame holds the largest single item.
if (Math.max(MAX_ENVELOPE_BYTES, MAX_GOSSIP_BYTES) + KIB > LOG_SYNC.maxFrameBytes)
  throw new RangeError('LOG_SYNC.maxFrameBytes is too small.')
