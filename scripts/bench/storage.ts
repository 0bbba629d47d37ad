/**
 * Storage figures on loopback, two processes: how fast a file goes from one peer's disk to another's, beside what one raw noise stream
 * and one Streams exchange carry on the same connection in the same run. `node scripts/bench/storage.ts` prints them as JSON.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createNetwork, type MingaNetwork } from '../../src/network/node.ts'
import { nodePlatform } from '../../src/network/transports-node.ts'
import type { StreamSpec } from '../../src/ports.ts'
import { createBlocks } from '../../src/storage/blocks.ts'
import { createNodeBlocks } from '../../src/storage/blocks-node.ts'

export interface StorageFigures {
  fileMiB: number
  /** MiB/s, by round. */
  rawStream: number[]
  streamsPort: number[]
  fetchToDisk: number[]
  fetchToMemory: number[]
  bitswapToMemory: number[]
  addToDisk: number[]
  readFromDisk: number[]
  /** Median of 50 reads of 4 KiB out of a leaf that is not here: the leaf and its root are fetched. */
  coldRangeReadMs: number
}

const MIB = 1024 * 1024
const RAW = '/minga/bench/raw/1'
const FRAMES: StreamSpec = {
  protocol: '/minga/bench/frames/1',
  maxRequestBytes: 16,
  maxFrameBytes: MIB + 1,
  maxResponseBytes: 4096 * MIB,
  idleTimeoutMs: 20_000,
  totalTimeoutMs: 300_000,
  maxConcurrent: 4,
}

/** The little of a libp2p stream that the raw measurement touches. */
interface RawStream extends AsyncIterable<{ byteLength: number }> {
  send(bytes: Uint8Array): boolean
  close(): Promise<void>
  addEventListener(type: 'drain', listener: () => void, options: { once: true }): void
}

interface Hello {
  address: string
  peer: string
  cids: string[]
}

async function startNetwork(): Promise<MingaNetwork> {
  return createNetwork(
    { platform: await nodePlatform() },
    { privateKey: randomBytes(32), listen: ['/ip4/127.0.0.1/tcp/0'], bootstrap: [], dht: 'off' },
  )
}

/** The serving process: holds one file a measured fetch, so that no fetch finds blocks of the one before. */
async function provide(fileMiB: number, files: number): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'minga-bench-'))
  const network = await startNetwork()
  const blocks = await createNodeBlocks({ streams: network.streams, libp2p: network.libp2p as never }, { directory })
  const cids = await Promise.all(Array.from({ length: files }, () => blocks.put(randomBytes(fileMiB * MIB), { owner: 'bench' })))
  const part = randomBytes(MIB)
  await network.libp2p.handle(RAW, async (stream) => {
    const raw = stream as unknown as RawStream
    for (let sent = 0; sent < fileMiB; sent++) {
      if (!raw.send(part)) await new Promise<void>((resolve) => raw.addEventListener('drain', resolve, { once: true }))
    }
    await raw.close()
  })
  await network.streams.serve(FRAMES, async function* () {
    for (let sent = 0; sent < fileMiB; sent++) yield part
  })
  process.send?.({ address: network.addresses()[0], peer: network.self, cids } satisfies Partial<Hello>)
  await once(process, 'message')
  await blocks.stop()
  await network.stop()
  await rm(directory, { recursive: true, force: true })
  process.disconnect?.()
}

async function startProvider(fileMiB: number, files: number): Promise<{ child: ChildProcess; hello: Hello }> {
  const child = fork(fileURLToPath(import.meta.url), ['provide', String(fileMiB), String(files)], {
    execArgv: [],
  })
  const [hello] = (await once(child, 'message')) as [Hello]
  return { child, hello }
}

async function mibPerSecond(mib: number, task: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now()
  await task()
  return Math.round((mib / (performance.now() - startMs)) * 10_000) / 10
}

async function readRaw(network: MingaNetwork, peer: string): Promise<void> {
  const connection = network.libp2p.getConnections().find(({ remotePeer }) => remotePeer.toString() === peer)
  const stream = (await connection?.newStream(RAW)) as unknown as RawStream
  let received = 0
  for await (const chunk of stream) received += chunk.byteLength
  if (received === 0) throw new Error('the raw stream was empty')
}

/** Measures on this machine; `fileMiB` a file, after `warmUp` rounds that are thrown away. */
export async function benchStorage({ fileMiB = 128, rounds = 3, warmUp = 1 } = {}): Promise<StorageFigures> {
  const { child, hello } = await startProvider(fileMiB, 3 * (warmUp + rounds) + 1)
  const directory = await mkdtemp(join(tmpdir(), 'minga-bench-'))
  const network = await startNetwork()
  await network.dial(hello.address)
  const { streams, libp2p } = network
  const providers = [hello.peer]
  const cids = [...hello.cids]
  const speeds = {
    rawStream: [] as number[],
    streamsPort: [] as number[],
    fetchToDisk: [] as number[],
    fetchToMemory: [] as number[],
    bitswapToMemory: [] as number[],
    addToDisk: [] as number[],
    readFromDisk: [] as number[],
  }
  let round = -warmUp
  const note = (name: keyof typeof speeds, figure: number): void => {
    if (round >= 0) speeds[name].push(figure)
  }

  const disk = await createNodeBlocks({ streams }, { directory })
  for (; round < rounds; round++) {
    const cid = cids.pop()!
    note('rawStream', await mibPerSecond(fileMiB, () => readRaw(network, hello.peer)))
    note('streamsPort', await mibPerSecond(fileMiB, () => Array.fromAsync(streams.request(hello.peer, FRAMES, new Uint8Array(1)), () => 0)))
    note('fetchToDisk', await mibPerSecond(fileMiB, () => disk.fetch(cid, { providers, owner: 'bench' })))
    note('readFromDisk', await mibPerSecond(fileMiB, () => disk.read(cid)))
    const bytes = randomBytes(fileMiB * MIB)
    note('addToDisk', await mibPerSecond(fileMiB, () => disk.put(bytes, { owner: 'bench' })))
  }
  await disk.stop()

  for (round = -warmUp; round < rounds; round++) {
    const memory = await createBlocks({ streams })
    note('fetchToMemory', await mibPerSecond(fileMiB, () => memory.fetch(cids.pop()!, { providers })))
    await memory.stop()
    const swap = await createBlocks({ libp2p: libp2p as never })
    note('bitswapToMemory', await mibPerSecond(fileMiB, () => swap.fetch(cids.pop()!, { providers })))
    await swap.stop()
  }
  const coldRangeReadMs = await medianColdRead(streams, cids.pop()!, providers, fileMiB)

  child.send('stop')
  await Promise.all([once(child, 'exit'), network.stop(), rm(directory, { recursive: true, force: true })])
  return { fileMiB, ...speeds, coldRangeReadMs }
}

async function medianColdRead(streams: MingaNetwork['streams'], cid: string, providers: string[], fileMiB: number): Promise<number> {
  const memory = await createBlocks({ streams })
  const tookMs: number[] = []
  for (let index = 0; index < Math.min(50, fileMiB); index++) {
    const startMs = performance.now()
    await memory.read(cid, { offset: index * MIB, length: 4096, providers })
    tookMs.push(performance.now() - startMs)
  }
  await memory.stop()
  return Math.round(tookMs.sort((a, b) => a - b)[tookMs.length >> 1]! * 100) / 100
}

if (process.argv[2] === 'provide') await provide(Number(process.argv[3]), Number(process.argv[4]))
else if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(JSON.stringify(await benchStorage(), undefined, 2))
