import type { CID } from 'multiformats/cid'
import type { Logger } from '../log.ts'
import { silentLogger } from '../log.ts'
import type { Blocks, Cid, FetchOptions, PeerId, Streams } from '../ports.ts'
import { abortable } from './abortable.ts'
import type { Libp2pHandle } from './bitswap.ts'
import { createBitswap } from './bitswap.ts'
import { createBulkClient } from './bulk/client.ts'
import { BLOCKS_SPEC } from './bulk/protocol.ts'
import { createBlocksHandler } from './bulk/serve.ts'
import { isRaw, parseCid, withoutAsking } from './cid.ts'
import { collectGarbage, isComplete } from './collect.ts'
import type { WrongBytesKind } from './errors.ts'
import { StorageStoppedError } from './errors.ts'
import { createHolds } from './holds.ts'
import { createInflight } from './inflight.ts'
import { DEFAULT_MAX_BYTES } from './limits.ts'
import { createMemoryStore } from './memory-store.ts'
import type { PinOwner, Pins } from './pins.ts'
import { createMemoryKeyValueStore, createPins } from './pins.ts'
import { putFileBytes } from './put.ts'
import type { Session } from './session.ts'
import { createSession } from './session.ts'
import type { RawStore } from './store.ts'
import { createBlockStore } from './store.ts'
import { rangeOf, readRoot, walk } from './walk.ts'

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
  const stopping = new AbortController()
  const bitswap = libp2p && (await createBitswap(libp2p, store, { allow: (peer) => allow(peer, 'bitswap'), routing }))
  const unserve = await streams
    ?.serve(BLOCKS_SPEC, createBlocksHandler(store, { allow: (peer) => allow(peer, 'bulk') }))
    .catch(async (error) => {
      await bitswap?.stop()
      throw error
    })
  const bulk = streams && createBulkClient(streams)
  const shared = { store, inflight: createInflight(), bulk, bitswap, logger, onWrongBytes }
  const running = new Set<Promise<unknown>>()

  /** Runs one operation under the caller's signal and ours; blocks it touches are safe from the collector until it ends. */
  async function operation<T>(
    signal: AbortSignal | undefined,
    task: (signal: AbortSignal, hold: ReturnType<typeof holds.open>) => Promise<T>,
  ): Promise<T> {
    stopping.signal.throwIfAborted()
    const ended = new AbortController()
    const hold = holds.open()
    const either = AbortSignal.any([stopping.signal, ended.signal, ...(signal ? [signal] : [])])
    either.throwIfAborted()
    // Raced: a source that hangs, a slow disk, must hold up neither the caller nor stop().
    const work = abortable(task(either, hold), either)
    running.add(work)
    try {
      return await work
    } finally {
      running.delete(work)
      ended.abort(new DOMException('the operation has ended', 'AbortError'))
      hold.release()
    }
  }

  /** Runs `task` with a session on the file below `cid`. */
  function onFile<T>(cid: Cid, options: FetchOptions, task: (root: CID, session: Session, signal: AbortSignal) => Promise<T>): Promise<T> {
    const { maxBytes = DEFAULT_MAX_BYTES } = options
    return operation(options.signal, (signal, hold) => {
      const root = parseCid(cid)
      const providers = connectedFirst(libp2p, options.providers ?? [])
      return task(root, createSession(shared, { root, hold, providers, maxBytes, signal }), signal)
    })
  }

  /** A whole file that is not here yet is asked for in one go. */
  async function anticipate(root: CID, session: Session): Promise<void> {
    if (!isRaw(root) && withoutAsking(root) === undefined && (await session.sizeOf(root)) === undefined) session.prefetch()
  }

  async function read(cid: Cid, options: FetchOptions & { offset?: number; length?: number } = {}): Promise<Uint8Array> {
    const { maxBytes = DEFAULT_MAX_BYTES, onProgress } = options
    return onFile(cid, options, async (root, session) => {
      if (options.offset === undefined && options.length === undefined) await anticipate(root, session)
      const node = await readRoot({ root, session })
      const range = rangeOf(root, node.sizeBytes, options, maxBytes)
      const result = new Uint8Array(range.end - range.start)
      let done = 0
      const emit = (at: number, bytes: Uint8Array): void => {
        const from = Math.max(0, range.start - at)
        const part = bytes.subarray(from, Math.max(from, range.end - at))
        if (part.length === 0) return
        result.set(part, at + from - range.start)
        done += part.length
        onProgress?.(done, result.length)
      }
      await walk({ root, session, emit }, node, range)
      // A full disk does not keep a reader from bytes that are here and checked.
      await session.stored().catch((error) => logger.warn('block not kept', { cid, error }))
      return result
    })
  }

  async function fetch(cid: Cid, options: FetchOptions & { owner?: string } = {}): Promise<{ bytes: number }> {
    const { maxBytes = DEFAULT_MAX_BYTES, owner, onProgress } = options
    return onFile(cid, options, async (root, session) => {
      await anticipate(root, session)
      const node = await readRoot({ root, session })
      const range = rangeOf(root, node.sizeBytes, {}, maxBytes)
      let done = 0
      const count = (bytes: number): void => {
        done += bytes
        onProgress?.(done, node.sizeBytes)
      }
      await walk({ root, session, emit: (_at, bytes) => count(bytes.length), skip: count }, node, range)
      await session.stored()
      if (owner !== undefined) await pins.add(owner, root.toString(), node.sizeBytes)
      return { bytes: node.sizeBytes }
    })
  }

  async function put(source: Uint8Array | AsyncIterable<Uint8Array>, options: { signal?: AbortSignal; owner?: string } = {}): Promise<Cid> {
    return operation(options.signal, async (signal, hold) => {
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
    stopping.abort(new StorageStoppedError())
    await unserve?.()
    await bitswap?.stop()
    await Promise.allSettled(running)
    await store.close()
    await pins.close()
  }

  return {
    put,
    read,
    fetch,
    size: (cid, options = {}) => onFile(cid, options, async (root, session) => (await readRoot({ root, session })).sizeBytes),
    has: (cid) => operation(undefined, () => isComplete(store, parseCid(cid))),
    release: (owner) => operation(undefined, () => pins.release(owner)),
    finish: (owner) => operation(undefined, () => pins.finish(owner)),
    owners: () => operation(undefined, () => pins.owners()),
    usedBytes: () => operation(undefined, usedBytes),
    gc: (options) => operation(options?.signal, (signal) => collectGarbage({ store, holds, logger }, rootsOfAll, signal)),
    stop: () => (stopped ??= stop()),
  }
}

/** Who has to be dialled comes last: one behind a firewall answers no dial for seconds, while another has the bytes at hand. */
function connectedFirst(libp2p: Libp2pHandle | undefined, providers: readonly PeerId[]): readonly PeerId[] {
  if (libp2p === undefined || providers.length < 2) return providers
  const connected = new Set((libp2p.getConnections() as { remotePeer: object }[]).map(({ remotePeer }) => String(remotePeer)))
  return providers.toSorted((a, b) => Number(connected.has(b)) - Number(connected.has(a)))
}
