/**
 * Replica figures: CPU of signing and of verifying a record, and how fast a newcomer gets a whole log from a peer in another process over
 * loopback libp2p, both with a LevelDB on disk. `node scripts/bench/replica.ts [records]` prints them as JSON.
 */
import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../src/clock.ts'
import { keyOf, type RecordOf } from '../../src/job/records.ts'
import { silentLogger } from '../../src/log.ts'
import { createNetwork } from '../../src/network/node.ts'
import { createSigner, verifySignature } from '../../src/network/signatures-node.ts'
import { nodePlatform } from '../../src/network/transports-node.ts'
import { encodeRecord, recordLogSchema } from '../../src/protocol/records.ts'
import { sealEnvelope } from '../../src/replica/envelope.ts'
import { jobHash } from '../../src/replica/hash.ts'
import { nodeSha256 as sha256 } from '../../src/replica/hash-node.ts'
import { JobCore } from '../../src/replica/job-core.ts'
import { createJournal } from '../../src/replica/journal.ts'
import { DEFAULT_LIMITS } from '../../src/replica/limits.ts'
import { createReplica } from '../../src/replica/replica.ts'
import { openLevelStore } from '../../src/replica/store-level.ts'
import { createMemoryStore } from '../../src/replica/store-memory.ts'

export interface ReplicaFigures {
  records: number
  recordBytes: number
  recordsPerEnvelope: number
  /** CPU of building and signing, and of decoding, checking, verifying and applying; in memory. */
  writeMicrosPerRecord: number
  receiveMicrosPerRecord: number
  wireBytesPerRecord: number
  /** From `syncWith` to its end at a newcomer: verified, applied, and handed to the store. `cpuMs` is of all its threads. */
  sync: { records: number; ms: number; cpuMs: number; heapMiB: number; maxPauseMs: number }[]
  /** Reading the same log back from disk. */
  reopenMs: number
  /** One record appended alone, until it is durable. */
  appendMs: { p50: number; p99: number }
}

const PER_ENVELOPE = 32
const AUTHORS = 10
const SELF = fileURLToPath(import.meta.url)

/** What a log has most of. */
function recordAt(index: number) {
  const [commit, chainHead] = [new Uint8Array(randomBytes(32)), new Uint8Array(randomBytes(32))]
  const record: RecordOf<'commit'> = {
    kind: 'commit',
    macro: index >> 8,
    micro: index & 255,
    attempt: 0,
    commit,
    chainHead,
    challenge: null,
  }
  return { key: keyOf(record), value: encodeRecord(record) }
}

async function startReplica(directory: string) {
  const privateKey = randomBytes(32)
  const network = await createNetwork(
    { platform: await nodePlatform() },
    { privateKey, listen: ['/ip4/127.0.0.1/tcp/0'], bootstrap: [], dht: 'off' },
  )
  const store = await openLevelStore({ path: join(directory, 'logs') })
  const { channels, streams } = network
  const components = {
    channels,
    streams,
    signer: createSigner(privateKey),
    verify: verifySignature,
    schema: recordLogSchema,
    store,
    sha256,
  }
  const replica = await createReplica(components, { antiEntropyMs: 1e9 })
  return {
    network,
    replica,
    async stop() {
      await replica.stop()
      await store.close()
      await network.stop()
      await rm(directory, { recursive: true })
    },
  }
}

function createCore() {
  const context = { jobId: 'bench', job: jobHash('bench'), schema: recordLogSchema, sha256 }
  const journal = createJournal({ store: createMemoryStore(), clock: systemClock, logger: silentLogger })
  return new JobCore({ context, limits: DEFAULT_LIMITS, verify: verifySignature, allow: () => true, journal, logger: silentLogger })
}

async function sealAll(records: number): Promise<Uint8Array[]> {
  const { context } = createCore()
  const authors = Array.from({ length: AUTHORS }, (_, incarnation) => ({
    signer: createSigner(randomBytes(32)),
    incarnation,
    from: 0,
    totalBytes: 0,
  }))
  const sealed: Uint8Array[] = []
  for (let at = 0; at < records; at += PER_ENVELOPE) {
    const author = authors[sealed.length % AUTHORS]!
    const entries = Array.from({ length: Math.min(PER_ENVELOPE, records - at) }, (_, i) => recordAt(at + i))
    const envelope = await sealEnvelope(context, author.signer, author, entries)
    ;[author.from, author.totalBytes] = [envelope.to, envelope.totalBytes]
    sealed.push(envelope.bytes)
  }
  return sealed
}

async function cpuMicros(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return user + system
}

/** The longest time that the event loop was kept from a timer of 1 ms. */
function watchPauses(): () => number {
  let longest = 0
  let last = performance.now()
  const timer = setInterval(() => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
  }, 1)
  return () => {
    clearInterval(timer)
    return longest
  }
}

/** A newcomer in this process, the peer that has the log in another. */
export async function measureSync(records: number) {
  const server = fork(SELF, ['serve', String(records)])
  const [address] = (await once(server, 'message')) as [string]
  const newcomer = await startReplica(await mkdtemp(join(tmpdir(), 'minga-bench-')))
  try {
    const peer = await newcomer.network.dial(address)
    const log = await newcomer.replica.open('bench')
    const heapBefore = process.memoryUsage().heapUsed
    const pauses = watchPauses()
    const start = performance.now()
    const cpuMs = (await cpuMicros(() => log.syncWith(peer))) / 1000
    const ms = performance.now() - start
    const maxPauseMs = pauses()
    const count = [...log.entries()].length
    if (count !== records) throw new RangeError(`Expected ${records} records at the newcomer, found ${count}.`)
    const heapMiB = (process.memoryUsage().heapUsed - heapBefore) / 2 ** 20
    await log.close()
    const reopened = performance.now()
    await newcomer.replica.open('bench')
    return {
      records,
      ms: round(ms),
      cpuMs: round(cpuMs),
      heapMiB: round(heapMiB),
      maxPauseMs: round(maxPauseMs),
      reopenMs: round(performance.now() - reopened),
    }
  } finally {
    server.kill()
    await newcomer.stop()
  }
}

async function measureAppends() {
  const peer = await startReplica(await mkdtemp(join(tmpdir(), 'minga-bench-')))
  const log = await peer.replica.open('bench')
  const times: number[] = []
  for (let i = 0; i < 50; i++) {
    const start = performance.now()
    await log.append([recordAt(i)])
    times.push(performance.now() - start)
    await systemClock.sleep(30)
  }
  await peer.stop()
  times.sort((a, b) => a - b)
  return { p50: round(times[25]!), p99: round(times[49]!) }
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

/** Milliseconds for decoding, checking, verifying and filing so many records in memory. */
export async function measureReceiving(records: number): Promise<number> {
  const core = createCore()
  const sealed = await sealAll(records)
  const start = performance.now()
  await core.ingest(sealed)
  return performance.now() - start
}

/** Takes about ten seconds. */
export async function benchReplica(records = 100_000): Promise<ReplicaFigures> {
  const sample = 20_000
  let sealed: Uint8Array[] = []
  const writing = await cpuMicros(async () => {
    sealed = await sealAll(sample)
  })
  const core = createCore()
  const receiving = await cpuMicros(() => core.ingest(sealed))
  const syncs = []
  for (const count of [1000, 10_000, records]) syncs.push(await measureSync(count))
  return {
    records,
    recordBytes: recordAt(1000).value.length,
    recordsPerEnvelope: PER_ENVELOPE,
    writeMicrosPerRecord: round(writing / sample),
    receiveMicrosPerRecord: round(receiving / sample),
    wireBytesPerRecord: Math.round(sealed.reduce((sum, bytes) => sum + bytes.length, 0) / sample),
    sync: syncs.map(({ reopenMs: _, ...sync }) => sync),
    reopenMs: syncs.at(-1)!.reopenMs,
    appendMs: await measureAppends(),
  }
}

/** The other process: a peer that holds a log of so many records, of several authors and 32 an envelope. */
async function serve(records: number): Promise<void> {
  const peer = await startReplica(await mkdtemp(join(tmpdir(), 'minga-bench-')))
  const log = await peer.replica.open('bench')
  const { LOG_SYNC, encodeRequest } = await import('../../src/replica/sync-codec.ts')
  const author = await startReplica(await mkdtemp(join(tmpdir(), 'minga-bench-')))
  const self = await author.network.dial(peer.network.addresses()[0]!)
  const sealed = await sealAll(records)
  for (let i = 0; i < sealed.length; i += PER_ENVELOPE) {
    const request = encodeRequest({ kind: 'push', jobId: 'bench', proofs: [], envelopes: sealed.slice(i, i + PER_ENVELOPE) })
    for await (const _ of author.network.streams.request(self, LOG_SYNC, request));
  }
  if ([...log.entries()].length !== records) throw new RangeError(`Expected ${records} records to serve.`)
  await author.stop()
  process.on('SIGTERM', () => void peer.stop().then(() => process.exit()))
  process.send?.(peer.network.addresses()[0])
}

if (process.argv[1] === SELF) {
  if (process.argv[2] === 'serve') await serve(Number(process.argv[3]))
  else process.stdout.write(`${JSON.stringify(await benchReplica(Number(process.argv[2] ?? 100_000)), null, 2)}\n`)
}
