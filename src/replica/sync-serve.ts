import type { PeerId, StreamHandler } from '../ports.ts'
import { peerIdFromPublicKey } from '../protocol/peer-id.ts'
import type { AuthorLog } from './author-log.ts'
import { equalBytes } from './bytes.ts'
import { encodeStatement, logKey } from './envelope.ts'
import type { JobCore } from './job-core.ts'
import {
  decodeRequest,
  encodeFrame,
  filled,
  HEADS_AT_ONCE,
  type Head,
  PULL_BYTES,
  type SyncFrame,
  type SyncRequest,
  type Want,
} from './sync-codec.ts'

/** Envelopes read from the store at once. */
const READ_AT_ONCE = 16

/** Answers the log protocol for the open logs. What it throws ends the stream. */
export function createSyncHandler(coreOf: (jobId: string) => JobCore | undefined): StreamHandler {
  return async function* (bytes) {
    const request = decodeRequest(bytes)
    const core = coreOf(request.jobId)
    const frames = core === undefined ? [{ kind: 'unknown' } as const] : answer(core, request)
    for await (const frame of frames) yield encodeFrame(frame)
  }
}

function answer(core: JobCore, request: SyncRequest): Iterable<SyncFrame> | AsyncIterable<SyncFrame> {
  if (request.kind === 'heads') return equalBytes(request.digest, core.state.digest()) ? [{ kind: 'same' }] : headsOf(core)
  return request.kind === 'pull' ? pull(core, request.wants, request.proofs) : push(core, request.proofs, request.envelopes)
}

function* headsOf({ state }: JobCore): Generator<SyncFrame> {
  const heads = [...state.logs()].filter((log) => log.head > 0).map(headOf)
  const convicted = [...state.convicted.keys()]
  for (let i = 0; i === 0 || i < Math.max(heads.length, convicted.length); i += HEADS_AT_ONCE) {
    yield { kind: 'heads', heads: heads.slice(i, i + HEADS_AT_ONCE), convicted: convicted.slice(i, i + HEADS_AT_ONCE) }
  }
}

export function headOf({ publicKey, incarnation, head, chain }: AuthorLog): Head {
  return { publicKey, incarnation, clock: head, chain }
}

async function* pull(core: JobCore, wants: readonly Want[], proofs: readonly PeerId[]): AsyncGenerator<SyncFrame> {
  let left = PULL_BYTES
  for (const author of proofs) {
    const proof = core.state.convicted.get(author)
    if (proof === undefined || left < 0) continue
    left -= proof.bytes.length
    yield { kind: 'proofs', items: [proof.bytes] }
  }
  for (const want of wants) {
    const log = core.state.log(logKey({ author: peerIdFromPublicKey(want.publicKey), incarnation: want.incarnation }))
    if (log === undefined) continue
    const theirs = log.chainAt(want.clock)
    const parted = want.statements || (want.clock <= log.head && (theirs === undefined || !equalBytes(theirs, want.chain)))
    for await (const items of parted ? filled(log.segments.map(encodeStatement)) : envelopesFrom(core, log, want.clock)) {
      if (left < 0) return yield { kind: 'more' }
      for (const item of items) left -= item.length
      yield { kind: parted ? 'statements' : 'envelopes', items }
    }
  }
}

/** The log's envelopes from a clock on, in parts of a frame. */
export async function* envelopesFrom(core: JobCore, log: AuthorLog, clock: number): AsyncGenerator<Uint8Array[]> {
  // Segments that come while this is read go to whoever asks next.
  const end = log.segments.length
  for (let i = log.indexAt(clock); i < end; i += READ_AT_ONCE) {
    yield* filled(await core.envelopes(log.segments.slice(i, Math.min(end, i + READ_AT_ONCE))))
  }
}

async function* push(core: JobCore, proofs: readonly Uint8Array[], envelopes: readonly Uint8Array[]): AsyncGenerator<SyncFrame> {
  for (const proof of proofs) await core.accuse(proof)
  const { newEntries } = await core.ingest(envelopes)
  yield { kind: 'taken', entries: newEntries }
}
