import type { CID } from 'multiformats/cid'
import type { PeerId, Streams } from '../../ports.ts'
import { isBlockOf } from '../cid.ts'
import type { WrongBytesKind } from '../errors.ts'
import { WrongBytesError } from '../errors.ts'
import type { BlockOrder, Want } from './order.ts'
import { listOrder, treeOrder } from './order.ts'
import type { BlocksRequest } from './protocol.ts'
import { BLOCKS_SPEC, concat, encodeRequest, PART_BYTES } from './protocol.ts'

/** One answered want: checked bytes, or undefined where the peer does not have it. `found` are the blocks named below it, in tree mode. */
export interface Answer {
  want: Want
  bytes: Uint8Array | undefined
  found: Want[]
}

type Ask = { streams: Streams; peer: PeerId; signal: AbortSignal }

/** Asks for these blocks, at most MAX_WANTS. May end early. Throws WrongBytesError and what the stream throws. */
export function requestList(ask: Ask, wants: readonly Want[]): AsyncGenerator<Answer> {
  return answers(ask, { mode: 'list', cids: wants.map((want) => want.cid) }, listOrder(wants))
}

/** Asks for the first blocks of the file below `root`, which saves the round trip between the root and its leaves. */
export function requestTree(ask: Ask, root: CID): AsyncGenerator<Answer> {
  return answers(ask, { mode: 'tree', root }, treeOrder(root))
}

async function* answers({ streams, peer, signal }: Ask, request: BlocksRequest, order: BlockOrder): AsyncGenerator<Answer> {
  let want = order.next()
  let parts: Uint8Array[] = []
  const blame = (kind: WrongBytesKind, cid: CID): WrongBytesError => new WrongBytesError({ cid: cid.toString(), peer, kind })

  for await (const frame of streams.request(peer, BLOCKS_SPEC, encodeRequest(request), { signal })) {
    if (want === undefined) throw blame('unsolicited', request.mode === 'tree' ? request.root : request.cids[0]!)
    if (parts.length * PART_BYTES + frame.length > want.maxBytes) throw blame('oversize', want.cid)
    if (frame.length === PART_BYTES) {
      parts.push(frame)
      continue
    }
    const bytes = parts.length === 0 && frame.length === 0 ? undefined : concat([...parts, frame])
    parts = []
    if (bytes !== undefined && !(await isBlockOf(want.cid, bytes))) throw blame('hash', want.cid)
    const answered = want
    const found = bytes === undefined ? [] : order.arrived(want.cid, bytes)
    want = order.next()
    yield { want: answered, bytes, found }
  }
  if (parts.length > 0 && want !== undefined) throw blame('malformed', want.cid)
}
