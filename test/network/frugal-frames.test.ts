import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { gatherWrites } from '../../src/network/gathered-writes.ts'
import { MAX_STREAM_WINDOW_BYTES } from '../../src/network/limits.ts'
import { collect, connectAll, startNode, until } from './support.ts'

/** Both ends of a TCP connection on loopback, the first with gathered writes. */
async function socketPair(t: TestContext): Promise<[Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const dialled = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [accepted] = (await once(server, 'connection')) as [Socket]
  t.after(() => {
    dialled.destroy()
    accepted.destroy()
    server.close()
  })
  dialled.setNoDelay(true)
  gatherWrites(dialled)
  return [dialled, accepted]
}

describe('gathered writes', () => {
  it('sends what one callback writes in one piece', async (t) => {
    const [from, to] = await socketPair(t)
    for (const part of ['a', 'b', 'c']) from.write(part)
    await Promise.resolve()
    from.write('d')
    const [piece] = (await once(to, 'data')) as [Buffer]
    assert.equal(piece.toString(), 'abcd')
  })

  it('keeps order and loses nothing, whatever the sizes', async (t) => {
    const [from, to] = await socketPair(t)
    const sizes = Array.from({ length: 300 }, (_, i) => (i * 7919) % 40_000)
    const expected = Buffer.concat(sizes.map((size, i) => Buffer.alloc(size, i)))
    const received: Buffer[] = []
    to.on('data', (data) => received.push(data))
    for (const [i, size] of sizes.entries()) {
      if (!from.write(Buffer.alloc(size, i))) await once(from, 'drain')
      if (i % 50 === 0) await new Promise(setImmediate)
    }
    from.end()
    await once(to, 'end')
    assert.equal(Buffer.compare(Buffer.concat(received), expected), 0)
  })

  it('sends what was written before the end, and dies quietly with a destroyed socket', async (t) => {
    const [from, to] = await socketPair(t)
    from.write('last words')
    from.destroySoon()
    const [piece] = (await once(to, 'data')) as [Buffer]
    assert.equal(piece.toString(), 'last words')
    const [other] = await socketPair(t)
    other.write('never sent')
    other.destroy()
    await once(other, 'close')
  })

  it('does not keep a large write back', async (t) => {
    const [from] = await socketPair(t)
    from.write(Buffer.alloc(64 * 1024))
    // What is corked waits in the stream's buffer; this went to the kernel, or waits for it.
    assert.equal(from.writableCorked, 0)
  })
})

/** A wire between two nodes that counts what comes back over it. */
async function countingWire(t: TestContext, port: number): Promise<{ port: number; returnedBytes(): number }> {
  let returned = 0
  const sockets = new Set<Socket>()
  const wire = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    for (const socket of [near, far]) sockets.add(socket.on('error', () => {}))
    near.pipe(far).pipe(near)
    far.on('data', ({ length }) => {
      returned += length
    })
  }).listen(0, '127.0.0.1')
  await once(wire, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    wire.close()
  })
  return { port: (wire.address() as AddressInfo).port, returnedBytes: () => returned }
}

describe('lazy windows', () => {
  const COUNT = 500
  const spec = {
    protocol: '/minga/test/many/1',
    maxRequestBytes: 64,
    maxFrameBytes: 64 * 1024,
    maxResponseBytes: 2 ** 30,
    idleTimeoutMs: 10_000,
    totalTimeoutMs: 20_000,
    maxConcurrent: 4,
  }

  it('answers many small frames with few window updates', async (t) => {
    const server = await startNode(t)
    const client = await startNode(t)
    const [, port] = /\/tcp\/(\d+)\/p2p/.exec(server.addresses()[0]!)!
    const wire = await countingWire(t, Number(port))
    await client.dial(`/ip4/127.0.0.1/tcp/${wire.port}/p2p/${server.self}`)
    await until(
      () => server.peers().length > 0,
      (check) => server.onPeer(check),
    )
    const frames = Array.from({ length: COUNT }, () => new Uint8Array(100))
    await client.streams.serve(spec, async function* () {
      for (const frame of frames) {
        yield frame
        // A frame of its own each.
        await new Promise(setImmediate)
      }
    })
    const before = wire.returnedBytes()
    const received = await collect(server.streams.request(client.self, spec, new Uint8Array(1)))
    assert.equal(received.length, COUNT)
    // An update takes 12 bytes and 18 of noise: one a frame would be 15,000.
    assert.ok(wire.returnedBytes() - before < 3000, `${wire.returnedBytes() - before} bytes came back`)
  })

  it('opens the whole window at once for answers of large frames, and only for those', async (t) => {
    const [client, server] = [await startNode(t), await startNode(t)]
    await connectAll([client, server])
    const windowOf = (protocol: string): number | undefined => {
      const streams = client.libp2p.getConnections().flatMap((connection) => connection.streams)
      return (streams.find((stream) => stream.protocol === protocol) as { recvWindow?: number } | undefined)?.recvWindow
    }
    const bulk = { ...spec, protocol: '/minga/test/bulk/1', maxFrameBytes: MAX_STREAM_WINDOW_BYTES }
    const expected = new Uint8Array(randomBytes(1_500_000))
    for (const each of [spec, bulk]) {
      const looked = Promise.withResolvers<void>()
      await server.streams.serve(each, async function* () {
        yield each === bulk ? expected : expected.subarray(0, 50_000)
        await looked.promise
      })
      const frames = client.streams.request(server.self, each, new Uint8Array(1))[Symbol.asyncIterator]()
      const { value } = await frames.next()
      assert.deepEqual(value, each === bulk ? expected : expected.subarray(0, 50_000))
      const window = windowOf(each.protocol)
      if (each === bulk) assert.equal(window, MAX_STREAM_WINDOW_BYTES)
      else assert.ok(window !== undefined && window < MAX_STREAM_WINDOW_BYTES, `a window of ${window}`)
      looked.resolve()
      assert.deepEqual(await frames.next(), { done: true, value: undefined })
    }
  })

  it('never lets a sender starve: many times the window, both ways at once, with a slow reader', async (t) => {
    const [first, second] = [await startNode(t), await startNode(t)]
    await connectAll([first, second])
    const frame = new Uint8Array(60_000)
    for (const node of [first, second]) {
      await node.streams.serve(spec, async function* () {
        for (let i = 0; i < 100; i++) yield frame
      })
    }
    const read = async (node: typeof first, peer: string) => {
      let bytes = 0
      for await (const part of node.streams.request(peer, spec, new Uint8Array(1))) {
        bytes += part.byteLength
        await new Promise(setImmediate)
      }
      return bytes
    }
    const sums = await Promise.all([read(first, second.self), read(second, first.self), read(first, second.self)])
    assert.deepEqual(sums, [6_000_000, 6_000_000, 6_000_000])
  })
})
