import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { MingaNetwork } from '../../src/network/node.ts'
import { createNetwork } from '../../src/network/node.ts'
import { nodePlatform } from '../../src/network/transports-node.ts'
import type { StreamHandler, Streams } from '../../src/ports.ts'
import type { BlocksInit, LocalBlocks } from '../../src/storage/blocks.ts'
import { createBlocks } from '../../src/storage/blocks.ts'
import { BLOCKS_SPEC, decodeRequest } from '../../src/storage/bulk/protocol.ts'
import { keyOf } from '../../src/storage/cid.ts'
import { createMemoryStore } from '../../src/storage/memory-store.ts'
import type { RawStore } from '../../src/storage/store.ts'

export const MIB = 1024 * 1024

export interface TestPeer {
  network: MingaNetwork
  blocks: LocalBlocks
  /** CIDs that this peer's store was asked for, in order, by anyone. */
  reads: string[]
}

/** A libp2p node on loopback, without storage. */
export async function startNetwork(t: TestContext): Promise<MingaNetwork> {
  const network = await createNetwork(
    { platform: await nodePlatform() },
    { privateKey: randomBytes(32), listen: ['/ip4/127.0.0.1/tcp/0'], bootstrap: [], dht: 'off' },
  )
  t.after(() => network.stop())
  return network
}

export interface TestPeerInit extends BlocksInit {
  bulk?: boolean
  bitswap?: boolean
  /** Knows and dials these. */
  dial?: MingaNetwork[]
}

/** A peer with storage, by default over the bulk protocol alone, in memory. */
export async function startPeer(
  t: TestContext,
  { bulk = true, bitswap = false, dial = [], ...init }: TestPeerInit = {},
): Promise<TestPeer> {
  const network = await startNetwork(t)
  const reads: string[] = []
  const store = counting(init.store ?? createMemoryStore(), reads)
  const blocks = await createBlocks(
    { ...(bulk && { streams: network.streams }), ...(bitswap && { libp2p: network.libp2p }) },
    { ...init, store },
  )
  t.after(() => blocks.stop())
  for (const other of dial) await network.dial(other.addresses()[0]!)
  return { network, blocks, reads }
}

function counting(store: RawStore, reads: string[]): RawStore {
  return {
    ...store,
    get(cid) {
      reads.push(cid.toString())
      return store.get(cid)
    },
  }
}

/** A provider that answers bulk requests as the test likes. */
export async function startLiar(t: TestContext, handler: StreamHandler): Promise<MingaNetwork> {
  const network = await startNetwork(t)
  await network.streams.serve(BLOCKS_SPEC, handler)
  return network
}

/** The keys of the blocks that a request asks for. */
export function wantedKeys(request: Uint8Array): string[] {
  const decoded = decodeRequest(request)
  return (decoded.mode === 'tree' ? [decoded.root] : decoded.cids).map(keyOf)
}

/** Streams that tell of each request before it goes out. */
export function watched(streams: Streams, onRequest: (peer: string, request: Uint8Array) => void): Streams {
  return {
    serve: (spec, handler) => streams.serve(spec, handler),
    request(peer, spec, request, options) {
      onRequest(peer, request)
      return streams.request(peer, spec, request, options)
    },
  }
}

export async function temporaryDirectory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'minga-storage-'))
  t.after(() => rm(path, { recursive: true, force: true }))
  return path
}

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0
