import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { RPC } from '@libp2p/gossipsub/message'
import type { GossipInternals } from '../../src/network/gossip-guard.ts'
import type { MingaNetwork } from '../../src/network/node.ts'
import type { Channel } from '../../src/ports.ts'
import { connect, ended, joinTopic, openStream, startGossiper, startStranger } from './hostile.ts'
import { connectAll, recordingLogger, startNode, textSpec, until, withPeers } from './support.ts'

const topic = 'minga/1/jobs'
const MESHSUB = '/meshsub/1.2.0'
const bytes = (text: string) => new TextEncoder().encode(text)
const internals = (network: MingaNetwork) =>
  (network.libp2p.services as unknown as { pubsub: GossipInternals & { topics: Map<string, Set<string>>; getScore(peer: string): number } })
    .pubsub

/** Length-prefixed, as gossipsub frames its RPCs. */
function framed(rpc: Uint8Array): Uint8Array {
  const header: number[] = []
  for (let rest = rpc.length; ; rest >>>= 7) {
    header.push(rest > 127 ? (rest & 127) | 128 : rest)
    if (rest <= 127) break
  }
  return new Uint8Array([...header, ...rpc])
}

function nextMessage(channel: Channel<string>, wanted: string): Promise<string> {
  return new Promise((resolve) => channel.subscribe((message, from) => message === wanted && resolve(from)))
}

describe('strangers on gossip', () => {
  it('that send undecodable messages are scored down, banned and cut off, while honest peers are heard', async (t) => {
    const log = recordingLogger()
    const [a, b] = await Promise.all([startNode(t, { log }), startNode(t)])
    await connectAll([a, b])
    const spec = textSpec(topic, { decode: (data) => (data[0] === 0xff ? fail() : new TextDecoder().decode(data)) })
    const [inA, inB] = await Promise.all([a.channels.join(spec), b.channels.join(textSpec(topic))])
    await Promise.all([withPeers(inA, 1), withPeers(inB, 1)])
    const gossiper = await startGossiper(t)
    const { node, gossip } = gossiper
    await joinTopic(gossiper, a, topic)
    const self = node.peerId.toString()
    await withPeers(inA, 2)
    let connected = true
    a.onPeer((peer, change) => {
      if (peer === self && change === 'disconnected') connected = false
    })
    const got: string[] = []
    inA.subscribe((message) => got.push(message))
    const honest = nextMessage(inA, 'honest')
    for (let index = 0; index < 20; index++) await gossip.publish(topic, Uint8Array.of(0xff, index))
    await inB.publish('honest')
    assert.equal(await honest, b.self)
    while (connected) {
      await gossip.publish(topic, Uint8Array.of(0xff)).catch(() => {})
      await setImmediate()
    }
    assert.deepEqual(got, ['honest'])
    assert.ok(log.lines.some(({ level, message }) => level === 'warn' && message.includes('banned')))
    // It may come back, but not now.
    await assert.rejects(async () => {
      const connection = await node.dial(a.libp2p.getMultiaddrs()[0]!)
      await openStream(connection, '/ipfs/ping/1.0.0')
    })
  })

  it('that send more than their rate are heard at their rate, and lose points', async (t) => {
    const a = await startNode(t, { limits: { authorMessagesPerSecond: 5 } })
    const channel = await a.channels.join(textSpec(topic))
    const gossiper = await startGossiper(t)
    const { node, gossip } = gossiper
    await joinTopic(gossiper, a, topic)
    await withPeers(channel, 1)
    let heard = 0
    channel.subscribe(() => {
      heard++
    })
    const scored = until(
      () => internals(a).getScore(node.peerId.toString()) < 0,
      (check) => {
        const timer = setInterval(check, 50)
        return () => clearInterval(timer)
      },
    )
    for (let index = 0; index < 100; index++) await gossip.publish(topic, bytes(`spam ${index}`))
    await scored
    assert.ok(heard >= 10 && heard <= 40, `${heard} heard`)
  })

  it('that send an oversize RPC, random bytes or forged signatures do no harm', async (t) => {
    const [a, b] = await Promise.all([startNode(t), startNode(t)])
    await connectAll([a, b])
    const [inA, inB] = await Promise.all([a.channels.join(textSpec(topic)), b.channels.join(textSpec(topic))])
    await withPeers(inA, 1)
    const got: string[] = []
    inA.subscribe((message) => got.push(message))

    const stranger = await startStranger(t)
    const connection = await connect(stranger, a)
    const oversize = await openStream(connection, MESHSUB)
    oversize.send(framed(new Uint8Array(64)).with(0, 0xff).with(1, 0xff).with(2, 0xff).with(3, 0x7f))
    await ended(oversize)

    for (let round = 0; round < 30; round++) {
      const random = await openStream(connection, MESHSUB)
      random.send(framed(crypto.getRandomValues(new Uint8Array(200))))
      random.send(crypto.getRandomValues(new Uint8Array(50)))
      await random.close()
    }

    const forged = await openStream(connection, MESHSUB)
    const from = stranger.peerId.toMultihash().bytes
    for (let index = 0; index < 20; index++) {
      const message = {
        from,
        data: bytes('forged'),
        seqno: new Uint8Array(8).with(7, index),
        topic,
        signature: new Uint8Array(64),
        key: undefined,
      }
      forged.send(framed(RPC.encode({ subscriptions: [], messages: [message as never] })))
    }
    await until(
      () => internals(a).getScore(stranger.peerId.toString()) < -80,
      (check) => {
        const timer = setInterval(check, 50)
        return () => clearInterval(timer)
      },
    )
    const honest = nextMessage(inA, 'honest')
    await inB.publish('honest')
    assert.equal(await honest, b.self)
    assert.deepEqual(got, ['honest'])
  })

  it('that subscribe to 100,000 topics are remembered for as many as their budget holds, and none that is not ours', async (t) => {
    const a = await startNode(t, { limits: { maxTopicBytesPerPeer: 256 * 1024, peerMessagesPerSecond: 1_000_000 } })
    const connection = await connect(await startStranger(t), a)
    const stream = await openStream(connection, MESHSUB)
    const { topics } = internals(a)
    const marker = 'minga/1/first'
    assert.equal(topics.size, 0)
    const subscribe = (names: string[]) =>
      stream.send(framed(RPC.encode({ subscriptions: names.map((name) => ({ topic: name, subscribe: true })), messages: [] })))
    subscribe([marker, ...Array.from({ length: 1_000 }, (_, index) => `foreign/${index}`)])
    for (let block = 0; block < 100; block++) subscribe(Array.from({ length: 1_000 }, (_, index) => `minga/1/job/${block}-${index}`))
    // RPCs are read in their order: when this one was heard, the others are through.
    const channel = await a.channels.join(textSpec(topic))
    stream.send(
      framed(
        RPC.encode({
          subscriptions: [
            { topic: marker, subscribe: false },
            { topic, subscribe: true },
          ],
          messages: [],
        }),
      ),
    )
    await withPeers(channel, 1)
    assert.ok(topics.size > 200 && topics.size <= 256, `${topics.size} topics`)
    assert.ok([...topics.keys()].every((name) => name.startsWith('minga/1/')))
  })

  it('that do so in a burst are banned', async (t) => {
    const a = await startNode(t)
    const stranger = await startStranger(t)
    const stream = await openStream(await connect(stranger, a), MESHSUB)
    const cut = new Promise<void>((resolve) => a.onPeer((_peer, change) => change === 'disconnected' && resolve()))
    for (let block = 0; block < 100; block++) {
      const subscriptions = Array.from({ length: 1_000 }, (_, index) => ({ topic: `minga/1/job/${block}-${index}`, subscribe: true }))
      stream.send(framed(RPC.encode({ subscriptions, messages: [] })))
    }
    await cut
    assert.equal(internals(a).topics.size, 0)
  })

  it('that publish on topics nobody here is in are neither heard, kept nor passed on', async (t) => {
    const [a, b] = await Promise.all([startNode(t), startNode(t)])
    await connectAll([a, b])
    const inA = await a.channels.join(textSpec(topic))
    const inB = await b.channels.join(textSpec('minga/1/other'))
    const gossiper = await startGossiper(t)
    const { gossip } = gossiper
    await joinTopic(gossiper, a, topic)
    await withPeers(inA, 1)
    let leaked = 0
    inB.subscribe(() => {
      leaked++
    })
    const marker = nextMessage(inA, 'marker')
    // Straight to `a`, as if it were in the topic.
    ;(gossip as unknown as GossipInternals & { topics: Map<string, Set<string>> }).topics.set('minga/1/other', new Set([a.self]))
    for (let index = 0; index < 20; index++) await gossip.publish('minga/1/other', bytes(`stray ${index}`))
    await gossip.publish(topic, bytes('marker'))
    await marker
    assert.equal(leaked, 0)
    const cache = (internals(a) as unknown as { mcache: { msgs: Map<string, { message: { topic: string } }> } }).mcache.msgs
    assert.ok([...cache.values()].every(({ message }) => message.topic === topic))
  })

  it('that open a lost stream again find us: a gossip stream that breaks is replaced', { timeout: 15_000 }, async (t) => {
    const [a, b] = await Promise.all([startNode(t), startNode(t)])
    await connectAll([a, b])
    const [inA, inB] = await Promise.all([a.channels.join(textSpec(topic)), b.channels.join(textSpec(topic))])
    await Promise.all([withPeers(inA, 1), withPeers(inB, 1)])
    const stream = internals(a).streamsOutbound.get(b.self) as { rawStream: { abort(error: Error): void } }
    stream.rawStream.abort(new Error('a full buffer'))
    assert.equal(internals(a).streamsOutbound.has(b.self), false)
    await until(
      () => internals(a).streamsOutbound.has(b.self),
      (check) => {
        const timer = setInterval(check, 50)
        return () => clearInterval(timer)
      },
    )
    const heard = nextMessage(inB, 'back')
    await inA.publish('back')
    assert.equal(await heard, a.self)
  })
})

function fail(): never {
  throw new Error('undecodable')
}
