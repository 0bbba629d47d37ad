/** Nodes that do not keep to the rules: bare libp2p, without Minga's network. */

import type { TestContext } from 'node:test'
import { type GossipSub, gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import type { MingaNetwork } from '../../src/network/node.ts'
import { until } from './support.ts'

type Cleanup = Pick<TestContext, 'after'>

async function startBare(t: Cleanup, services: object): Promise<Libp2p> {
  const node = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ maxOutboundStreams: 5_000 })],
    connectionMonitor: { enabled: false },
    services: { identify: identify(), ...services } as never,
  })
  t.after(() => node.stop())
  return node
}

/** A node that claims to speak gossip, and leaves it to the test what it says. */
export async function startStranger(t: Cleanup): Promise<Libp2p> {
  const node = await startBare(t, {})
  await node.handle('/meshsub/1.2.0', async (stream) => {
    for await (const _ of stream);
  })
  return node
}

/** A node with plain gossipsub that sends what it is told to. */
export async function startGossiper(t: Cleanup): Promise<{ node: Libp2p; gossip: GossipSub }> {
  const node = await startBare(t, {
    pubsub: gossipsub({
      allowPublishToZeroTopicPeers: true,
      scoreParams: { IPColocationFactorWeight: 0 },
      maxOutboundBufferSize: 64 * 1024 * 1024,
    }),
  })
  return { node, gossip: (node.services as { pubsub?: GossipSub }).pubsub as GossipSub }
}

/** Resolves when both ends know of the connection. */
export async function connect(from: Libp2p, to: MingaNetwork): Promise<Connection> {
  const self = from.peerId.toString()
  const connection = await from.dial(multiaddr(to.addresses()[0] as string))
  await until(
    () => to.peers().includes(self),
    (check) => to.onPeer(check),
  )
  return connection
}

/** A stream with no promises about how many are open. */
export function openStream(connection: Connection, protocol: string): Promise<Stream> {
  return connection.newStream(protocol, { maxOutboundStreams: 10_000, signal: AbortSignal.timeout(5_000) })
}

/** Resolves when the stream is over, whoever ended it. */
export function ended(stream: Stream): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  stream.addEventListener('close', () => resolve())
  stream.addEventListener('remoteCloseWrite', () => resolve())
  if (stream.status !== 'open' || stream.remoteWriteStatus === 'closed') resolve()
  return promise
}

/** Answers identify, claims to speak gossip, and never negotiates another stream. */
export async function startSilentGossiper(t: Cleanup): Promise<Libp2p> {
  const { node } = await startGossiper(t)
  node.addEventListener('connection:open', ({ detail }) => {
    const connection = detail as Connection & { muxer: EventTarget; onIncomingStream: (event: CustomEvent<Stream>) => void }
    const answer = connection.onIncomingStream
    connection.muxer.removeEventListener('stream', answer as unknown as EventListener)
    let first = true
    connection.muxer.addEventListener('stream', (event) => {
      if (first) answer(event as CustomEvent<Stream>)
      first = false
    })
  })
  return node
}

/** Joins as gossipsub does, and resolves when it knows that `peer` is in the topic too. */
export async function joinTopic({ node, gossip }: { node: Libp2p; gossip: GossipSub }, to: MingaNetwork, topic: string): Promise<void> {
  gossip.subscribe(topic)
  const known = Promise.withResolvers<void>()
  gossip.addEventListener('subscription-change', ({ detail }) => {
    if (detail.peerId.toString() === to.self && detail.subscriptions.some((change) => change.topic === topic)) known.resolve()
  })
  await connect(node, to)
  await known.promise
}
