import { withBitswap } from '@helia/bitswap'
import { BaseBlockstore } from 'blockstore-core/base'
import { createHeliaLight } from 'helia'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'
import type { PeerId } from '../ports.ts'
import type { Want } from './bulk/order.ts'
import { concat } from './bulk/protocol.ts'
import { createGate } from './gate.ts'
import { MAX_BLOCK_BYTES } from './limits.ts'
import type { BlockStore } from './store.ts'

/** What we touch of a stream that a peer opened, and of its connection; the handler gets the whole of both. */
interface GuestStream {
  abort(error: Error): void
}

interface GuestConnection {
  remotePeer: { toString(): string }
}

/**
 * The part of a libp2p node that Bitswap uses. Its values pass through unread, so they have no types here: the composition root
 * hands the node over as it is.
 */
export interface Libp2pHandle {
  handle(protocols: string | string[], handler: (stream: GuestStream, connection: GuestConnection) => void, options?: object): Promise<void>
  unhandle(protocols: string | string[]): Promise<void>
  register(protocol: string, topology: never): Promise<string>
  unregister(id: string): void
  getConnections(): unknown[]
  dial(peer: never, options?: object): Promise<unknown>
  dialProtocol(peer: never, protocols: string | string[], options?: object): Promise<unknown>
  isDialable(addresses: never, options?: object): Promise<boolean>
  contentRouting: { findProviders(cid: never, options?: object): AsyncIterable<{ id: { toCID(): CID }; multiaddrs: unknown[] }> }
}

export interface BitswapInit {
  /** False: the peer's Bitswap streams are refused, so it is served nothing. */
  allow: (peer: PeerId) => boolean
  /** Also ask the node's content routing (DHT) for providers. */
  routing: boolean
}

interface BitswapFetchOptions {
  providers: readonly PeerId[]
  signal: AbortSignal
  onBlock: (want: Want, bytes: Uint8Array) => Promise<void>
}

export interface Bitswap {
  /** Asks for the blocks; gives why some did not come, or undefined where all came. What `onBlock` throws is thrown on. */
  fetch(wants: readonly Want[], options: BitswapFetchOptions): Promise<string | undefined>
  stop(): Promise<void>
}

/** Bitswap loads all of a peer's wants into memory before it sends: 16 leaves are 16 MiB a peer. */
const MAX_WANTLIST = 16
/** Below MAX_WANTLIST, so that a server never drops a want of ours. */
const CONCURRENCY = 8
/** Providers that have sent no block for so long do not have it, or are gone. */
const BLOCK_TIMEOUT_MS = 15_000
const LIBP2P_KEY_CODEC = 0x72

/** Bitswap on a libp2p node that lives elsewhere, reading from `store`. Nothing is asked of peers that were not named. */
export async function createBitswap(libp2p: Libp2pHandle, store: BlockStore, { allow, routing }: BitswapInit): Promise<Bitswap> {
  const asked = new Map<PeerId, number>()
  const helia = createHeliaLight({ blockstore: adapted(store) })
  const shared = gated(libp2p, (peer) => asked.has(peer) || allow(peer))
  Object.defineProperty(helia, 'libp2p', { value: shared, enumerable: true })
  if (routing) helia.addRouter(routerOf(libp2p) as never)
  withBitswap(helia as never, {
    maxWantlistSize: MAX_WANTLIST,
    maxIncomingMessageSize: 2 * MAX_BLOCK_BYTES,
    maxOutgoingMessageSize: 2 * MAX_BLOCK_BYTES,
  })
  await helia.start()
  const gate = createGate(CONCURRENCY)

  async function fetch(wants: readonly Want[], { providers, signal, onBlock }: BitswapFetchOptions): Promise<string | undefined> {
    const [first] = wants
    if (first === undefined || (providers.length === 0 && !routing)) return undefined
    const known = providers.flatMap((peer) => cidOfPeer(peer) ?? [])
    const session = helia.blockstore.createSession(first.cid, { providers: known, maxProviders: Math.max(1, known.length) } as never)
    const release = count(asked, providers)
    const idle = createIdleTimer(BLOCK_TIMEOUT_MS)
    const either = AbortSignal.any([signal, idle.signal])
    const reasons: string[] = []
    const bring = async (want: Want): Promise<void> => {
      await gate.enter('', signal)
      const bytes = await readBlock(session, want, either)
        .catch((error: Error) => void reasons.push(error.name))
        .finally(() => gate.leave(''))
      if (bytes === undefined) return
      idle.restart()
      if (bytes.length <= want.maxBytes) await onBlock(want, bytes)
      else reasons.push('oversize')
    }
    try {
      await Promise.all(wants.map(bring))
    } finally {
      idle.stop()
      release()
      session.close()
    }
    return reasons[0]
  }

  return { fetch, stop: async () => void (await helia.stop()) }
}

type ReadableSession = { get(cid: CID, options: { signal: AbortSignal }): Iterable<Uint8Array> | AsyncIterable<Uint8Array> }

async function readBlock(session: ReadableSession, want: Want, signal: AbortSignal): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of session.get(want.cid, { signal })) parts.push(part)
  return concat(parts)
}

/** A signal that aborts when `restart` was not called for `ms`. */
function createIdleTimer(ms: number) {
  const controller = new AbortController()
  const start = () => setTimeout(() => controller.abort(new DOMException('no block came in time', 'TimeoutError')), ms)
  let timer = start()
  return {
    signal: controller.signal,
    restart() {
      clearTimeout(timer)
      timer = start()
    },
    stop: () => clearTimeout(timer),
  }
}

/** Counts the peers that we are asking: their answers come on streams that they open. */
function count(asked: Map<PeerId, number>, peers: readonly PeerId[]): () => void {
  for (const peer of peers) asked.set(peer, (asked.get(peer) ?? 0) + 1)
  return () => {
    for (const peer of peers) {
      const left = (asked.get(peer) ?? 1) - 1
      if (left > 0) asked.set(peer, left)
      else asked.delete(peer)
    }
  }
}

/** The same node, except that Bitswap streams of peers that are not allowed are aborted before a byte is read. */
function gated(libp2p: Libp2pHandle, allow: (peer: PeerId) => boolean): Libp2pHandle {
  return {
    handle: (protocols, handler, options) =>
      libp2p.handle(
        protocols,
        (stream, connection) => {
          if (allow(connection.remotePeer.toString())) handler(stream, connection)
          else stream.abort(new Error('refused'))
        },
        options,
      ),
    unhandle: (protocols) => libp2p.unhandle(protocols),
    register: (protocol, topology) => libp2p.register(protocol, topology),
    unregister: (id) => libp2p.unregister(id),
    getConnections: () => libp2p.getConnections(),
    dial: (peer, options) => libp2p.dial(peer, options),
    dialProtocol: (peer, protocols, options) => libp2p.dialProtocol(peer, protocols, options),
    isDialable: (addresses, options) => libp2p.isDialable(addresses, options),
    contentRouting: libp2p.contentRouting,
  }
}

/** The node's content routing as a router of Helia: it only finds; announcing is the network's business. */
function routerOf(libp2p: Libp2pHandle) {
  return {
    name: 'libp2p-router',
    async *findProviders(cid: CID, options?: object) {
      for await (const info of libp2p.contentRouting.findProviders(cid as never, options)) {
        yield { ...info, id: info.id.toCID(), router: 'libp2p-router', fallback: false }
      }
    },
  }
}

/** A peer id as the CID of its key, which is how Helia 7 names peers; undefined where the text is no peer id. */
function cidOfPeer(peer: PeerId): CID | undefined {
  try {
    return CID.createV1(LIBP2P_KEY_CODEC, Digest.decode(base58btc.decode(`z${peer}`)))
  } catch {
    return undefined
  }
}

/** Our store as Helia knows stores. */
function adapted(store: BlockStore) {
  class Adapted extends BaseBlockstore {
    override async *get(cid: CID) {
      const bytes = await store.get(cid)
      if (bytes === undefined) throw Object.assign(new Error('Not found'), { name: 'NotFoundError' })
      yield bytes
    }

    override async has(cid: CID) {
      return (await store.sizeOf(cid)) !== undefined
    }

    /** What Bitswap brings is stored by whoever asked, after the size was judged. */
    override async put(cid: CID) {
      return cid
    }
  }
  return new Adapted()
}
