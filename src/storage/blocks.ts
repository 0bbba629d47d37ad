import type { Logger } from '../log.ts'
import { silentLogger } from '../log.ts'
import type { Blocks, Cid, FetchOptions, PeerId, Streams } from '../ports.ts'
import type { Libp2pHandle } from './bitswap.ts'
import { createBitswap } from './bitswap.ts'
import { createBulkClient } from './bulk/client.ts'
import { BLOCKS_SPEC } from './bulk/protocol.ts'
import { createBlocksHandler } from './bulk/serve.ts'
import { parseCid } from './cid.ts'
import { collectGarbage, isComplete } from './collect.ts'
import type { WrongBytesKind } from './errors.ts'
import { createHolds } from './holds.ts'
import { createInflight } from './inflight.ts'
import { DEFAULT_MAX_BYTES } from './limits.ts'
import { createMemoryStore } from './memory-store.ts'
import { createOperations } from './operations.ts'
import type { PinOwner, Pins } from './pins.ts'
import { createMemoryKeyValueStore, createPins } from './pins.ts'
import { putFileBytes } from './put.ts'
import { bringFile, type FileAccess, readFile } from './read-file.ts'
import { createSession } from './session.ts'
import type { RawStore } from './store.ts'
import { createBlockStore } from './store.ts'
import { readRoot } from './walk.ts'

export interface BlocksComponents {
  /** Without it nothing is served, and nothing is fetched by bulk stream. */
  streams?: Streams
  /** The node that Bitswap shares, handed through unread; without it there is no Bitswap. */
  libp2p?: Libp2pHandle
  logger?: Logger
}

export interface BlocksInit {
  /** Where blocks lie. @default memory */
  store?: RawStore
  /** Who keeps what. @default memory */
  pins?: Pins
  /** False: the peer is served nothing by this way. @default everyone */
  allow?: (peer: PeerId, way: 'bulk' | 'bitswap') => boolean
  /** Hears of a peer that sent what it should not, to lower its score. */
  onWrongBytes?: (peer: PeerId, kind: WrongBytesKind) => void
  /** Ask the node's content routing where no named provider has a block. @default false */
  routing?: boolean
}

/** The port, and what only this machine asks of its own storage. */
export interface LocalBlocks extends Blocks {
  /** Marks the owner's work as done: from now on its pins may be released by age and space. */
  finish(owner: string): Promise<void>
  owners(): Promise<PinOwner[]>
  /** Bytes of all blocks here. */
  usedBytes(): Promise<number>
}

/**
 * Content-addressed files over the bulk protocol, with Bitswap behind it. Every block is checked against its CID when it comes from a peer
 * and again when it is read from the store. `stop` closes the store and the pins, not the libp2p node.
 */
export async function createBlocks(components: BlocksComponents, init: BlocksInit = {}): Promise<LocalBlocks> {
  const { streams, libp2p, logger = silentLogger } = components
  const { allow = () => true, onWrongBytes = () => {}, routing = false } = init
  const store = createBlockStore(init.store ?? createMemoryStore(), logger)
  const pins = init.pins ?? createPins(createMemoryKeyValueStore())
  const holds = createHolds()
  const operations = createOperations(holds)
  const bitswap = libp2p && (await createBitswap(libp2p, store, { allow: (peer) => allow(peer, 'bitswap'), routing }))
  const unserve = await streams
    ?.serve(BLOCKS_SPEC, createBlocksHandler(store, { allow: (peer) => allow(peer, 'bulk') }))
    .catch(async (error) => {
      await bitswap?.stop()
      throw error
    })
  const bulk = streams && createBulkClient(streams)
  const shared = { store, inflight: createInflight(), bulk, bitswap, logger, onWrongBytes }

  /** Runs `task` with a session on the file below `cid`. */
  function onFile<T>(cid: Cid, options: FetchOptions, task: (file: FileAccess) => Promise<T>): Promise<T> {
    const { maxBytes = DEFAULT_MAX_BYTES } = options
    return operations.run(options.signal, (signal, hold) => {
      const root = parseCid(cid)
      const providers = connectedFirst(libp2p, options.providers ?? [])
      return task({ root, session: createSession(shared, { root, hold, providers, maxBytes, signal }), logger })
    })
  }

  async function fetch(cid: Cid, options: FetchOptions & { owner?: string } = {}): Promise<{ bytes: number }> {
    return onFile(cid, options, async (file) => {
      const bytes = await bringFile(file, options)
      if (options.owner !== undefined) await pins.add(options.owner, file.root.toString(), bytes)
      return { bytes }
    })
  }

  async function put(source: Uint8Array | AsyncIterable<Uint8Array>, options: { signal?: AbortSignal; owner?: string } = {}): Promise<Cid> {
    return operations.run(options.signal, async (signal, hold) => {
      const { cid, bytes } = await putFileBytes(source, { store, hold, signal })
      if (options.owner !== undefined) await pins.add(options.owner, cid.toString(), bytes)
      return cid.toString()
    })
  }

  const rootsOfAll = async (): Promise<Cid[]> => (await pins.owners()).flatMap(({ roots }) => roots.map(({ cid }) => cid))

  async function usedBytes(): Promise<number> {
    let total = 0
    for await (const { bytes } of store.list()) total += bytes
    return total
  }

  let stopped: Promise<void> | undefined
  async function stop(): Promise<void> {
    operations.stop()
    await unserve?.()
    await bitswap?.stop()
    await operations.ended()
    await store.close()
    await pins.close()
  }

  return {
    put,
    read: (cid, options = {}) => onFile(cid, options, (file) => readFile(file, options)),
    fetch,
    size: (cid, options = {}) => onFile(cid, options, async (file) => (await readRoot(file)).sizeBytes),
    has: (cid) => operations.run(undefined, () => isComplete(store, parseCid(cid))),
    release: (owner) => operations.run(undefined, () => pins.release(owner)),
    finish: (owner) => operations.run(undefined, () => pins.finish(owner)),
    owners: () => operations.run(undefined, () => pins.owners()),
    usedBytes: () => operations.run(undefined, usedBytes),
    gc: (options) => operations.run(options?.signal, (signal) => collectGarbage({ store, holds, logger }, rootsOfAll, signal)),
    stop: () => (stopped ??= stop()),
  }
}

/** Who has to be dialled comes last: one behind a firewall answers no dial for seconds, while another has the bytes at hand. */
function connectedFirst(libp2p: Libp2pHandle | undefined, providers: readonly PeerId[]): readonly PeerId[] {
  if (libp2p === undefined || providers.length < 2) return providers
  const connected = new Set((libp2p.getConnections() as { remotePeer: object }[]).map(({ remotePeer }) => String(remotePeer)))
  return providers.toSorted((a, b) => Number(connected.has(b)) - Number(connected.has(a)))
}
