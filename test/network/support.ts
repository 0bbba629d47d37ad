import { randomBytes } from 'node:crypto'
import type { TestContext } from 'node:test'
import type { Logger } from '../../src/log.ts'
import { createNetwork, type MingaNetwork, type NetworkInit } from '../../src/network/node.ts'
import { type NodePlatformInit, nodePlatform } from '../../src/network/transports-node.ts'
import type { ChannelSpec, PeerId } from '../../src/ports.ts'

export type NodeOptions = Partial<NetworkInit> & { platform?: NodePlatformInit; log?: Logger }

/** A real node on a free port of 127.0.0.1, stopped with the test. */
export async function startNode(t: Pick<TestContext, 'after'>, { platform, log, ...init }: NodeOptions = {}): Promise<MingaNetwork> {
  const network = await createNetwork(
    { platform: await nodePlatform(platform), ...(log === undefined ? {} : { log }) },
    { privateKey: randomBytes(32), listen: ['/ip4/127.0.0.1/tcp/0'], bootstrap: [], dht: 'off', ...init },
  )
  t.after(() => network.stop())
  return network
}

/** A seed, and `count` peers that have reached it. */
export async function startSwarm(
  t: Pick<TestContext, 'after'>,
  count: number,
  options: NodeOptions = {},
): Promise<{ seed: MingaNetwork; peers: MingaNetwork[] }> {
  const seed = await startNode(t, { dht: 'server', relay: true, ...options })
  const peers = await Promise.all(Array.from({ length: count }, () => startNode(t, { ...options, bootstrap: seed.addresses() })))
  await Promise.all(peers.map((peer) => peer.waitForBootstrap({ timeoutMs: 5_000 })))
  return { seed, peers }
}

/** A channel of short texts. */
export function textSpec(topic: string, more: Partial<ChannelSpec<string>> = {}): ChannelSpec<string> {
  return {
    topic,
    maxBytes: 1024,
    encode: (message) => new TextEncoder().encode(message),
    decode: (bytes) => new TextDecoder('utf-8', { fatal: true }).decode(bytes),
    ...more,
  }
}

/** Resolves when `read` gives true: asked again after each event that `listen` reports, never by a timer. */
export async function until(read: () => boolean, listen: (check: () => void) => () => void): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const check = () => {
    if (read()) resolve()
  }
  const stop = listen(check)
  check()
  await promise
  stop()
}

/** Resolves when the channel knows at least `count` others. */
export function withPeers(channel: { peers(): PeerId[]; onPeer(listener: () => void): () => void }, count: number): Promise<void> {
  return until(
    () => channel.peers().length >= count,
    (check) => channel.onPeer(check),
  )
}

/** A logger that keeps its lines. */
export function recordingLogger(): Logger & { lines: { level: string; message: string; facts?: object }[] } {
  const lines: { level: string; message: string; facts?: object }[] = []
  const write = (level: string) => (message: string, facts?: object) => void lines.push({ level, message, ...(facts ? { facts } : {}) })
  const logger = { lines, error: write('error'), warn: write('warn'), info: write('info'), debug: write('debug'), child: () => logger }
  return logger
}

/** Everything that the iterable yields. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

/** Connects all with each other; resolves when both ends of every connection know it. */
export async function connectAll(networks: readonly MingaNetwork[]): Promise<void> {
  await Promise.all(networks.flatMap((from, index) => networks.slice(0, index).map((to) => from.dial(to.addresses()[0] as string))))
  await Promise.all(
    networks.map((network) =>
      until(
        () => network.peers().length >= networks.length - 1,
        (check) => network.onPeer(check),
      ),
    ),
  )
}
