import type { CID } from 'multiformats/cid'
import type { PeerId, StreamHandler } from '../../ports.ts'
import { withoutAsking } from '../cid.ts'
import { MAX_BLOCK_BYTES, MAX_SERVED_BYTES } from '../limits.ts'
import type { BlockStore } from '../store.ts'
import { listOrder, treeOrder } from './order.ts'
import { decodeRequest, encodeBlock } from './protocol.ts'

export interface ServeInit {
  /** False refuses the peer. */
  allow: (peer: PeerId) => boolean
  /** Requests answered at once over all peers; each holds two blocks in memory. @default 32 */
  maxConcurrent?: number
}

/** Answers bulk requests from what lies in `store`; fetches nothing for a stranger. What it throws closes the stream, without a text. */
export function createBlocksHandler(store: Pick<BlockStore, 'get'>, { allow, maxConcurrent = 32 }: ServeInit): StreamHandler {
  let serving = 0
  return async function* (request, { from, signal }) {
    if (!allow(from)) throw new Error('this peer is not served')
    if (serving >= maxConcurrent) throw new Error('too many requests at once')
    serving++
    try {
      for await (const block of answer(store, request, signal)) yield* encodeBlock(block)
    } finally {
      serving--
    }
  }
}

/** The blocks of an answer; the next one is read while the current one is sent. */
async function* answer(store: Pick<BlockStore, 'get'>, bytes: Uint8Array, signal: AbortSignal): AsyncGenerator<Uint8Array | undefined> {
  const request = decodeRequest(bytes)
  const order =
    request.mode === 'tree' ? treeOrder(request.root) : listOrder(request.cids.map((cid) => ({ cid, maxBytes: MAX_BLOCK_BYTES })))
  const read = async (cid: CID): Promise<Uint8Array | undefined> => withoutAsking(cid) ?? (await store.get(cid))
  let want = order.next()
  let reading = want && read(want.cid)
  for (let served = 0; want !== undefined && served < MAX_SERVED_BYTES; ) {
    signal.throwIfAborted()
    const block = await reading
    if (block !== undefined) order.arrived(want.cid, block)
    want = order.next()
    reading = want && read(want.cid)
    reading?.catch(() => {}) // a failure shows when it is awaited, or matters to nobody
    served += block?.length ?? 0
    yield block
  }
}
