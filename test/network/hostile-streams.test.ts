import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Stream } from '@libp2p/interface'
import { END_OK, encodeEnd, encodeFrame } from '../../src/network/frames.ts'
import { membersReply, membersRequest, membersSpec } from '../../src/network/members.ts'
import type { StreamSpec } from '../../src/ports.ts'
import { connect, ended, openStream, startStranger } from './hostile.ts'
import { collect, startNode, startSwarm, textSpec, until } from './support.ts'

const spec: StreamSpec = {
  protocol: '/minga/echo/1',
  maxRequestBytes: 1024,
  maxFrameBytes: 64 * 1024,
  maxResponseBytes: 1024 * 1024,
  idleTimeoutMs: 200,
  totalTimeoutMs: 2_000,
  maxConcurrent: 4,
}

async function* echo(request: Uint8Array) {
  yield request
}

describe('strangers that ask', () => {
  it('with random bytes on every protocol leave the node as it was', async (t) => {
    const { seed, peers } = await startSwarm(t, 1)
    await seed.streams.serve(spec, echo)
    const connection = await connect(await startStranger(t), seed)
    const protocols = seed.libp2p.getProtocols()
    assert.ok(protocols.includes('/minga/members/1') && protocols.includes('/minga/kad/1.0.0') && protocols.length >= 8)
    for (const protocol of protocols) {
      for (let round = 0; round < 5; round++) {
        try {
          const stream = await openStream(connection, protocol)
          stream.send(crypto.getRandomValues(new Uint8Array(1 + Math.floor(Math.random() * 500))))
          await stream.close({ signal: AbortSignal.timeout(1_000) })
        } catch {
          // Refused, reset: its own matter.
        }
      }
    }
    const request = new TextEncoder().encode('still here')
    assert.deepEqual(await collect(peers[0]!.streams.request(seed.self, spec, request)), [request])
  })

  it('slowly, or for too much, lose their stream and free its slot', async (t) => {
    const node = await startNode(t)
    const served: Uint8Array[] = []
    await node.streams.serve(spec, (request) => {
      served.push(request)
      return echo(request)
    })
    const connection = await connect(await startStranger(t), node)
    const starts: Uint8Array[] = [
      new Uint8Array(), // silence
      Uint8Array.of(0x80), // half a header
      Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff), // a header without an end
      Uint8Array.of(0x82, 0x08), // 1,025 bytes
      encodeFrame(new Uint8Array(100)).subarray(0, 50), // half a frame
      encodeEnd(END_OK), // an end instead of a request
    ]
    for (const start of starts) {
      const streams = await Promise.all(Array.from({ length: spec.maxConcurrent }, () => openStream(connection, spec.protocol)))
      for (const stream of streams) if (start.length > 0) stream.send(start)
      await Promise.all(streams.map(ended))
    }
    assert.deepEqual(served, [])
    const last = await openStream(connection, spec.protocol)
    last.send(encodeFrame(Uint8Array.of(7)))
    await ended(last)
    assert.deepEqual(served, [Uint8Array.of(7)])
  })

  it('and never read the answer, or send on for ever, hold neither memory nor a slot', async (t) => {
    const node = await startNode(t)
    let produced = 0
    const wide = { ...spec, maxResponseBytes: 1024 * 1024 * 1024 }
    await node.streams.serve(wide, async function* () {
      for (;;) {
        yield new Uint8Array(64 * 1024)
        produced++
      }
    })
    const connection = await connect(await startStranger(t), node)
    const stream = await openStream(connection, wide.protocol)
    // Asks, and then takes nothing: paused before a window update can go out.
    stream.pause()
    stream.send(encodeFrame(new Uint8Array(1)))
    await ended(stream)
    assert.ok(produced * 64 <= 8 * 1024, `${produced * 64} KiB were produced for nobody`)

    const flood = await openStream(connection, wide.protocol)
    flood.pause()
    flood.send(encodeFrame(new Uint8Array(1)))
    const before = process.memoryUsage().rss
    for (let sent = 0; flood.status === 'open' && sent < 64; sent++) {
      flood.send(new Uint8Array(1024 * 1024))
      await setImmediate()
    }
    flood.abort(new Error('enough'))
    // Both ends live in this process: the 64 MiB are the sender's.
    assert.ok(process.memoryUsage().rss - before < 200 * 1024 * 1024)
  })

  it('with a thousand streams at once get as many as a connection may hold', async (t) => {
    const node = await startNode(t, { limits: { maxStreamsPerConnection: 64 } })
    let most = 0
    let running = 0
    await node.streams.serve(
      { ...spec, maxConcurrent: 1_000, idleTimeoutMs: 5_000, totalTimeoutMs: 5_000 },
      async function* (_request, { signal }) {
        most = Math.max(most, ++running)
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
        running--
        yield new Uint8Array()
      },
    )
    const connection = await connect(await startStranger(t), node)
    const opened = await Promise.allSettled(
      Array.from({ length: 1_000 }, async () => {
        const stream = await openStream(connection, spec.protocol)
        stream.send(encodeFrame(new Uint8Array(1)))
        return stream
      }),
    )
    assert.ok(opened.some(({ status }) => status === 'rejected') || connection.status !== 'open')
    assert.ok(most <= 64, `${most} handlers ran`)
  })

  it('over many connections get as many as a peer may hold', async (t) => {
    const node = await startNode(t, { limits: { maxConnectionsPerPeer: 2 } })
    const stranger = await startStranger(t)
    const address = node.libp2p.getMultiaddrs()[0]!
    await Promise.allSettled(Array.from({ length: 8 }, () => stranger.dial(address, { force: true })))
    await until(
      () => node.libp2p.getConnections(stranger.peerId).length <= 2,
      (check) => {
        node.libp2p.addEventListener('connection:close', check)
        return () => {}
      },
    )
  })
})

describe('strangers that answer', () => {
  const answers: { what: string; send(stream: Stream): void; error: string }[] = [
    { what: 'nothing at all', send: (stream) => void stream.close(), error: 'StreamRefusedError' },
    {
      what: 'frames without an end',
      send: (stream) => sendAndClose(stream, encodeFrame(new Uint8Array(9))),
      error: 'StreamRefusedError',
    },
    { what: 'half a frame', send: (stream) => sendAndClose(stream, Uint8Array.of(100, 1, 2)), error: 'StreamRefusedError' },
    { what: 'an unknown status', send: (stream) => void stream.send(encodeEnd(77)), error: 'StreamRefusedError' },
    { what: 'a reset', send: (stream) => stream.abort(new Error('no')), error: 'StreamRefusedError' },
    { what: 'silence', send: () => {}, error: 'StreamTimeoutError' },
    {
      what: 'a frame of 16 GiB',
      send: (stream) => void stream.send(Uint8Array.of(0x81, 0x80, 0x80, 0x80, 0x40)),
      error: 'StreamLimitError',
    },
    {
      what: 'too many frames',
      send: (stream) => {
        for (let i = 0; i < 20; i++) stream.send(encodeFrame(new Uint8Array(64 * 1024)))
      },
      error: 'StreamLimitError',
    },
  ]
  for (const { what, send, error } of answers) {
    it(`${what}: ${error}`, async (t) => {
      const node = await startNode(t)
      const stranger = await startStranger(t)
      await stranger.handle(spec.protocol, (stream) => {
        stream.addEventListener('message', () => {})
        send(stream)
      })
      await connect(stranger, node)
      const asked = collect(node.streams.request(stranger.peerId.toString(), spec, new Uint8Array(1)))
      await assert.rejects(asked, { name: error })
    })
  }
})

describe('the members protocol', () => {
  const ask = async (node: Awaited<ReturnType<typeof startNode>>, of: string, topic: string) => {
    const frames = await collect(node.streams.request(of, membersSpec, membersRequest.encode({ topic })))
    return frames.map((frame) => membersReply.decode(frame).members)
  }

  it('names the members, with addresses that end in their ids, but not the asker', async (t) => {
    const { seed, peers } = await startSwarm(t, 3)
    const topic = 'minga/1/job/abc'
    const channels = await Promise.all(peers.slice(0, 2).map((peer) => peer.channels.join(textSpec(topic))))
    const gossip = (seed.libp2p.services as unknown as { pubsub: EventTarget & { getSubscribers(topic: string): object[] } }).pubsub
    await until(
      () => gossip.getSubscribers(topic).length === 2,
      (check) => {
        gossip.addEventListener('subscription-change', check)
        return () => gossip.removeEventListener('subscription-change', check)
      },
    )
    const named = (members: string[][] | undefined) => new Set(members?.map(([address]) => address?.split('/p2p/')[1]))
    assert.deepEqual(named((await ask(peers[2]!, seed.self, topic))[0]), new Set([peers[0]!.self, peers[1]!.self]))
    assert.deepEqual(named((await ask(peers[0]!, seed.self, topic))[0]), new Set([peers[1]!.self]))
    assert.deepEqual(await ask(peers[2]!, seed.self, 'minga/1/none'), [[]])
    await Promise.all(channels.map((channel) => channel.close()))
  })

  it('is deaf to who asks too often', async (t) => {
    const { seed, peers } = await startSwarm(t, 1)
    let unanswered = 0
    // Four at a time, as many as it takes: on a busy machine one after another may be no more than is allowed.
    for (let round = 0; round < 1000 && unanswered === 0; round++) {
      const answers = await Promise.all([0, 1, 2, 3].map(() => ask(peers[0]!, seed.self, 'minga/1/none').catch(() => [[]])))
      unanswered += answers.filter((answer) => answer.length === 0).length
    }
    assert.ok(unanswered > 0)
  })

  it('survives every kind of lie, and a join through a liar still ends', async (t) => {
    const node = await startNode(t, { limits: { joinTimeoutMs: 300 } })
    const lies: Uint8Array[] = [
      new Uint8Array(),
      crypto.getRandomValues(new Uint8Array(300)),
      membersReply.encode({ members: [[], ['nonsense'], ['/ip4/127.0.0.1/tcp/1'], [`/ip4/127.0.0.1/tcp/1/p2p/${node.self}`]] }),
      membersReply.encode({
        members: Array.from({ length: 16 }, () => ['/ip4/169.254.169.254/tcp/80/p2p/12D3KooWAHoEkEqnKzM5PXFygh2movVBCSX3k8tDsT2cneU68Gyt']),
      }),
    ]
    for (const [index, lie] of lies.entries()) {
      const liar = await startStranger(t)
      await liar.handle(membersSpec.protocol, (stream) => {
        stream.addEventListener('message', () => {})
        stream.send(encodeFrame(lie))
        stream.send(encodeEnd(END_OK))
      })
      await connect(liar, node)
      const channel = await node.channels.join(textSpec(`minga/1/lie/${index}`), { meetAt: [liar.peerId.toString()] })
      assert.deepEqual(channel.peers(), [])
    }
  })
})

function sendAndClose(stream: Stream, bytes: Uint8Array): void {
  stream.send(bytes)
  void stream.close()
}
