import { CID } from 'multiformats/cid'
import type { StreamSpec } from '../../ports.ts'
import { whyRefused } from '../cid.ts'
import { LEAF_BYTES, MAX_BLOCK_BYTES, MAX_SERVED_BYTES, MAX_WANTS } from '../limits.ts'

/*
 * /minga/blocks/1
 *
 * request   mode (1 byte: 0 = these blocks, 1 = the file below this root), then CIDs, v1 and binary, one after the other:
 *           1 to 64 different ones in mode 0, one in mode 1.
 * response  for each wanted block in order: frames of exactly PART_BYTES, as many as it fills, and then one shorter frame with the rest.
 *           An empty frame alone says "not here": the empty block is never asked for, whoever knows its CID has it.
 *           Then the end of the stream. A server may end after any block; what it left out is asked for again.
 *           In mode 1 the order is depth first, parents before children, each block once.
 */

/** Bytes of a full frame: a leaf of 1 MiB, also one wrapped in dag-pb, is one shorter frame, which goes out uncopied. */
export const PART_BYTES = LEAF_BYTES + 64 * 1024

const MODE = { list: 0, tree: 1 } as const
/** Longest binary CID that is accepted: version, codec, hash, length (at most 2 bytes) and 128 identity bytes. */
const MAX_CID_BYTES = 5 + 128

/** The most streams that one client opens to one peer; the server allows twice as many, for those that are still closing. */
export const MAX_STREAMS_PER_PEER = 2

export const BLOCKS_SPEC: StreamSpec = {
  protocol: '/minga/blocks/1',
  maxRequestBytes: 1 + MAX_WANTS * MAX_CID_BYTES,
  maxFrameBytes: PART_BYTES,
  maxResponseBytes: MAX_SERVED_BYTES + MAX_BLOCK_BYTES,
  // One frame is at most 1 MiB: 20 s of silence means less than 0.4 Mbit/s.
  idleTimeoutMs: 20_000,
  // 64 MiB in five minutes is 1.8 Mbit/s; what came until then is kept, and the rest is asked for again.
  totalTimeoutMs: 300_000,
  maxConcurrent: 2 * MAX_STREAMS_PER_PEER,
}

export type BlocksRequest = { mode: 'list'; cids: readonly CID[] } | { mode: 'tree'; root: CID }

export function encodeRequest(request: BlocksRequest): Uint8Array {
  const cids = request.mode === 'list' ? request.cids : [request.root]
  return concat([Uint8Array.of(MODE[request.mode]), ...cids.map((cid) => cid.bytes)])
}

/** Throws RangeError on anything but the canonical bytes of a request. */
export function decodeRequest(bytes: Uint8Array): BlocksRequest {
  if (bytes.length > BLOCKS_SPEC.maxRequestBytes) throw new RangeError('the request is too long')
  const cids = decodeCids(bytes.subarray(1))
  const [root] = cids
  if (root === undefined || cids.length > MAX_WANTS) throw new RangeError(`the request has ${cids.length} CIDs`)
  if (bytes[0] === MODE.list) return { mode: 'list', cids }
  if (bytes[0] === MODE.tree && cids.length === 1) return { mode: 'tree', root }
  throw new RangeError('the mode of the request is unknown')
}

function decodeCids(bytes: Uint8Array): CID[] {
  const cids = new Map<string, CID>()
  for (let rest = bytes; rest.length > 0; ) {
    const [cid, after] = CID.decodeFirst(rest)
    const refusal = cid.version === 1 ? whyRefused(cid) : 'it is version 0'
    if (refusal !== undefined || cids.has(cid.toString()) || after.length >= rest.length)
      throw new RangeError('a CID of the request is refused')
    cids.set(cid.toString(), cid)
    rest = after
  }
  const again = concat([...cids.values()].map((cid) => cid.bytes))
  if (!again.every((byte, index) => byte === bytes[index]) || again.length !== bytes.length)
    throw new RangeError('the request is not canonical')
  return [...cids.values()]
}

/** The frames of one block; `undefined` says that it is not here. */
export function* encodeBlock(bytes: Uint8Array | undefined): Generator<Uint8Array> {
  if (bytes === undefined) return yield new Uint8Array(0)
  let at = 0
  for (; bytes.length - at >= PART_BYTES; at += PART_BYTES) yield bytes.subarray(at, at + PART_BYTES)
  yield bytes.subarray(at)
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts
  if (parts.length === 1 && only !== undefined) return only
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
