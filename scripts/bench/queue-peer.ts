import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/clock.ts'
import type { JobId } from '../../src/job/ids.ts'
import type { QueueMessage, QueueSettings } from '../../src/job/queue.ts'
import { createNetwork, type MingaNetwork } from '../../src/network/node.ts'
import { createSigner, createVerifier } from '../../src/network/signatures-node.ts'
import { nodePlatform } from '../../src/network/transports-node.ts'
import type { Channel, StreamSpec } from '../../src/ports.ts'
import { queueChannelSpec } from '../../src/protocol/queue-messages.ts'
import { recordLogSchema } from '../../src/protocol/records.ts'
import { macroJobTopic } from '../../src/protocol/topics.ts'
import { nodeSha256 } from '../../src/replica/hash-node.ts'
import { createReplica } from '../../src/replica/replica.ts'
import { openLevelStore } from '../../src/replica/store-level.ts'
import { type JobSession, openJobSession } from '../../src/roles/job-session.ts'
import { createMacroQueue, type MacroQueue } from '../../src/roles/macro-queue.ts'
import { createQueueSnapshots, type QueueSnapshots } from '../../src/roles/queue-snapshots.ts'
import { serveParent, sharedNowMs } from './child.ts'

/*
 * One peer of the queue's figures: the real network, the real log with its disk, and the real queue; only the work is nothing.
 */

export interface OpenQueue {
  jobId: string
  macro: number
  n: number
  creator: boolean
  /** Resolves when the queue's channel knows so many others. */
  others: number
  settings: Partial<QueueSettings>
}

export interface WorkDone {
  executed: number
  /** Of the shared clock. */
  finishedMs: number
}

const ECHO: StreamSpec = {
  protocol: '/minga/bench/echo/1',
  maxRequestBytes: 256,
  maxFrameBytes: 256,
  maxResponseBytes: 256,
  idleTimeoutMs: 5000,
  totalTimeoutMs: 5000,
  maxConcurrent: 4,
}

interface Started {
  network: MingaNetwork
  session: JobSession
  snapshots: QueueSnapshots
  stop(): Promise<void>
}

interface Opened {
  queue: MacroQueue
  channel: Channel<QueueMessage>
  macro: number
  finished: Promise<void>
}

let peer: Started | undefined
let open: Opened | undefined

async function start({ jobId }: { jobId: string }): Promise<{ self: string; address: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'minga-bench-'))
  const privateKey = randomBytes(32)
  const network = await createNetwork(
    { platform: await nodePlatform() },
    { privateKey, listen: ['/ip4/127.0.0.1/tcp/0'], bootstrap: [], dht: 'off' },
  )
  const store = await openLevelStore({ path: directory })
  const { channels, streams } = network
  const signer = createSigner(privateKey)
  const replica = await createReplica({
    channels,
    streams,
    signer,
    verify: createVerifier(),
    schema: recordLogSchema,
    store,
    sha256: nodeSha256,
  })
  const session = await openJobSession({ replica, self: network.self }, jobId as JobId)
  const snapshots = await createQueueSnapshots({ streams })
  await streams.serve(ECHO, async function* (request) {
    yield request
  })
  const stop = async () => {
    await open?.queue.close()
    await replica.stop()
    await store.close()
    await network.stop()
    await rm(directory, { recursive: true, force: true })
  }
  peer = { network, session, snapshots, stop }
  return { self: network.self, address: network.addresses()[0]! }
}

async function openQueue({ jobId, macro, n, creator, others, settings }: OpenQueue): Promise<void> {
  const { network, session, snapshots } = peer!
  await closeQueue()
  let queue: MacroQueue | undefined
  const spec = queueChannelSpec(
    macroJobTopic(jobId, macro),
    (message, from) => queue?.judge(message, from) ?? { verdict: 'ignore', code: 'not-ready' },
  )
  const channel = await network.channels.join(spec, { meetAt: network.peers() })
  await knows(channel, others)
  const finished = Promise.withResolvers<void>()
  queue = createMacroQueue(
    { channel, snapshots, clock: systemClock, self: network.self },
    { macroId: `${jobId}/${macro}`, n, creator, settings, onFinished: finished.resolve },
  )
  open = { queue, channel, macro, finished: finished.promise }
  followLog(session, queue, macro)
}

function knows(channel: Channel<QueueMessage>, others: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const check = () => channel.peers().length >= others && resolve()
  const stop = channel.onPeer(check)
  check()
  return promise.finally(stop)
}

/** A commit in the log makes its MicroJob done, by whomever. */
let unfollow = () => {}
function followLog(session: JobSession, queue: MacroQueue, macro: number): void {
  const prefix = `MacroJob${macro}/MicroJob`
  unfollow()
  unfollow = session.log.onEntries((entries) => {
    const byAuthor = new Map<string, number[]>()
    for (const { author, key } of entries) {
      if (!key.startsWith(prefix)) continue
      const items = byAuthor.get(author) ?? []
      byAuthor.set(author, items)
      items.push(Number.parseInt(key.slice(prefix.length), 10))
    }
    for (const [by, items] of byAuthor) queue.recorded(items, { by })
  })
}

async function closeQueue(): Promise<void> {
  unfollow()
  await open?.queue.close()
  await open?.channel.close()
  open = undefined
}

/** A commit to nothing in particular. */
const NOTHING = randomBytes(32)

/** Takes, does nothing, commits: until every MicroJob of the queue has a commit. As in a real peer, the next is taken while this one is written. */
async function workOff(): Promise<WorkDone> {
  const { session } = peer!
  const { queue, macro, finished } = open!
  let executed = 0
  const failed = Promise.withResolvers<never>()
  for (let micro = await queue.take(); micro !== undefined; micro = await queue.take()) {
    executed++
    session
      .append({ kind: 'commit', macro, micro, attempt: 0, commit: NOTHING, chainHead: NOTHING, challenge: null })
      .catch((error: unknown) => failed.reject(error))
  }
  await Promise.race([finished, failed.promise])
  return { executed, finishedMs: sharedNowMs() }
}

/** One MicroJob taken and at once finished, after a pause: how long it took from wanting it to having it, in ms. */
async function takeOne(pauseMs: number): Promise<number> {
  await systemClock.sleep(pauseMs)
  const startedMs = performance.now()
  const micro = await open!.queue.take()
  const tookMs = performance.now() - startedMs
  if (micro !== undefined) open!.queue.recorded([micro])
  return tookMs
}

/** One MicroJob taken and kept. */
async function takeAndKeep(): Promise<{ micro: number | undefined; atMs: number }> {
  const micro = await open!.queue.take()
  return { micro, atMs: sharedNowMs() }
}

/** Requests and answers of 64 bytes, each on a new stream. */
async function echo({ to, times, pauseMs }: { to: string; times: number; pauseMs: number }): Promise<number[]> {
  const { streams } = peer!.network
  const tookMs: number[] = []
  for (let i = 0; i < times; i++) {
    await systemClock.sleep(pauseMs)
    const startedMs = performance.now()
    for await (const _ of streams.request(to, ECHO, new Uint8Array(64)));
    tookMs.push(performance.now() - startedMs)
  }
  return tookMs
}

serveParent({
  start,
  dial: async (addresses: string[]) => void (await Promise.all(addresses.map((address) => peer!.network.dial(address)))),
  openQueue,
  closeQueue,
  workOff,
  takeOne,
  takeAndKeep,
  echo,
  stop: () => peer?.stop(),
})
