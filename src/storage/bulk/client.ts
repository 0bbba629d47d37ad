import type { CID } from 'multiformats/cid'
import type { PeerId, Streams } from '../../ports.ts'
import { createGate } from '../gate.ts'
import type { Want } from './order.ts'
import { MAX_STREAMS_PER_PEER } from './protocol.ts'
import type { Answer } from './request.ts'
import { requestList, requestTree } from './request.ts'

export interface BulkClient {
  list(peer: PeerId, wants: readonly Want[], signal: AbortSignal): AsyncGenerator<Answer>
  tree(peer: PeerId, root: CID, signal: AbortSignal): AsyncGenerator<Answer>
}

/** Bulk requests that keep to the number of streams which a peer serves at once. */
export function createBulkClient(streams: Streams): BulkClient {
  const gate = createGate(MAX_STREAMS_PER_PEER)

  async function* gated(peer: PeerId, signal: AbortSignal, ask: () => AsyncGenerator<Answer>): AsyncGenerator<Answer> {
    await gate.enter(peer, signal)
    try {
      yield* ask()
    } finally {
      gate.leave(peer)
    }
  }

  return {
    list: (peer, wants, signal) => gated(peer, signal, () => requestList({ streams, peer, signal }, wants)),
    tree: (peer, root, signal) => gated(peer, signal, () => requestTree({ streams, peer, signal }, root)),
  }
}
