/**
 * What every implementation of the Channels and Streams ports must do: run it on the real adapter and on each fake.
 * Errors are told apart by name, so that a fake may have its own classes.
 */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { Channel, ChannelSpec, Channels, PeerId, StreamSpec, Streams } from '../../src/ports.ts'

export interface ChannelsPeer {
  self: PeerId
  channels: Channels
}

export interface StreamsPeer {
  self: PeerId
  streams: Streams
}

/** Makes `count` peers that are connected with each other, and stops them with the test. */
export type MakePeers<P> = (t: TestContext, count: number) => Promise<P[]>

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })
let nextTopic = 0

function textSpec(more: Partial<ChannelSpec<string>> = {}): ChannelSpec<string> {
  return {
    topic: `minga/1/compliance/${nextTopic++}`,
    maxBytes: 64,
    encode: (message) => encoder.encode(message),
    decode: (bytes) => decoder.decode(bytes),
    ...more,
  }
}

/** All peers in one channel, each knowing the others. */
async function joinAll<M>(peers: ChannelsPeer[], spec: ChannelSpec<M>): Promise<Channel<M>[]> {
  const channels = await Promise.all(peers.map(({ channels: port }) => port.join(spec, { meetAt: peers.map(({ self }) => self) })))
  await Promise.all(channels.map((channel) => peersReach(channel, peers.length - 1)))
  return channels
}

function peersReach(channel: Channel<never> | Channel<string> | Channel<unknown>, count: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const check = () => {
    if (channel.peers().length === count) resolve()
  }
  const stop = channel.onPeer(check)
  check()
  return promise.finally(stop)
}

/** Collects what a channel hears; `next(n)` resolves with the first n. */
function listen(channel: Channel<string>) {
  const heard: { message: string; from: PeerId }[] = []
  let wake = () => {}
  channel.subscribe((message, from) => {
    heard.push({ message, from })
    wake()
  })
  return {
    heard,
    async next(count: number) {
      while (heard.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      return heard.slice(0, count)
    },
  }
}

export function describeChannels(name: string, makePeers: MakePeers<ChannelsPeer>): void {
  describe(`${name}: Channels`, () => {
    it('delivers to all others, with the author, and never to the publisher', async (t) => {
      const peers = await makePeers(t, 3)
      const channels = await joinAll(peers, textSpec())
      const ears = channels.map(listen)
      await channels[0]?.publish('one')
      await channels[1]?.publish('two')
      const heard = await Promise.all(ears.map((ear, index) => ear.next(index === 2 ? 2 : 1)))
      assert.deepEqual(heard[0], [{ message: 'two', from: peers[1]?.self }])
      assert.deepEqual(heard[1], [{ message: 'one', from: peers[0]?.self }])
      assert.deepEqual(new Set(heard[2]?.map(({ message }) => message)), new Set(['one', 'two']))
    })

    it('publishes alone without an error', async (t) => {
      const [peer] = await makePeers(t, 1)
      const channel = await (peer as ChannelsPeer).channels.join(textSpec())
      await channel.publish('hello?')
      assert.deepEqual(channel.peers(), [])
      assert.match(channel.topic, /^minga\/1\/compliance\//)
    })

    it('refuses to send an oversize message, and sends the next', async (t) => {
      const [a, b] = await joinAll(await makePeers(t, 2), textSpec())
      const ear = listen(b as Channel<string>)
      await assert.rejects((a as Channel<string>).publish('x'.repeat(65)), { name: 'ChannelMessageTooLargeError' })
      await a?.publish('x'.repeat(64))
      assert.equal((await ear.next(1))[0]?.message.length, 64)
    })

    it('drops what does not decode and what is judged ignore or reject, and delivers the rest', async (t) => {
      const spec = textSpec({
        decode: (bytes) => {
          const text = decoder.decode(bytes)
          if (text === 'broken') throw new Error('not a message')
          return text
        },
        judge: async (message) =>
          message.startsWith('bad') ? { verdict: message === 'bad-1' ? 'ignore' : 'reject', code: 'bad' } : { verdict: 'accept' },
      })
      const [a, b] = await joinAll(await makePeers(t, 2), spec)
      const ear = listen(b as Channel<string>)
      for (const message of ['broken', 'bad-1', 'bad-2', 'good']) await a?.publish(message)
      assert.deepEqual(
        (await ear.next(1)).map(({ message }) => message),
        ['good'],
      )
    })

    it('judges with the author’s id, and survives a judge or a listener that throws', async (t) => {
      const authors: PeerId[] = []
      const spec = textSpec({
        judge: (message, from) => {
          authors.push(from)
          if (message === 'poison') throw new Error('a bug of ours')
          return { verdict: 'accept' }
        },
      })
      const peers = await makePeers(t, 2)
      const [a, b] = await joinAll(peers, spec)
      b?.subscribe(() => {
        throw new Error('a bug of a listener')
      })
      const ear = listen(b as Channel<string>)
      await a?.publish('poison')
      await a?.publish('cure')
      assert.equal((await ear.next(1))[0]?.message, 'cure')
      assert.deepEqual(new Set(authors), new Set([peers[0]?.self]))
    })

    it('stops a listener, and only that one', async (t) => {
      const [a, b] = await joinAll(await makePeers(t, 2), textSpec())
      const stopped: string[] = []
      const stop = b?.subscribe((message) => stopped.push(message))
      const ear = listen(b as Channel<string>)
      await a?.publish('first')
      await ear.next(1)
      stop?.()
      await a?.publish('second')
      await ear.next(2)
      assert.deepEqual(stopped, ['first'])
    })

    it('tells who joined and who left; close is idempotent and final', async (t) => {
      const peers = await makePeers(t, 2)
      const spec = textSpec()
      const first = await (peers[0] as ChannelsPeer).channels.join(spec)
      const changes: string[] = []
      const stop = first.onPeer((peer, change) => changes.push(`${change} ${peer}`))
      const second = await (peers[1] as ChannelsPeer).channels.join(spec, { meetAt: [(peers[0] as ChannelsPeer).self] })
      await peersReach(first, 1)
      await second.close()
      await second.close()
      await peersReach(first, 0)
      stop()
      assert.deepEqual(changes, [`joined ${peers[1]?.self}`, `left ${peers[1]?.self}`])
      await assert.rejects(second.publish('late'), { name: 'ChannelClosedError' })
    })

    it('can be joined again after it was closed', async (t) => {
      const peers = await makePeers(t, 2)
      const spec = textSpec()
      const [a, b] = await joinAll(peers, spec)
      await b?.close()
      await peersReach(a as Channel<string>, 0)
      const again = await (peers[1] as ChannelsPeer).channels.join(spec)
      const ear = listen(again)
      await peersReach(a as Channel<string>, 1)
      await a?.publish('welcome back')
      assert.equal((await ear.next(1))[0]?.message, 'welcome back')
    })

    it('refuses a second join, and an aborted one', async (t) => {
      const [peer] = await makePeers(t, 1)
      const { channels } = peer as ChannelsPeer
      const spec = textSpec()
      await channels.join(spec)
      await assert.rejects(channels.join(spec), { name: 'ChannelSpecError' })
      const reason = new Error('changed my mind')
      await assert.rejects(channels.join(textSpec(), { signal: AbortSignal.abort(reason) }), reason)
    })
  })
}

const MIB = 1024 * 1024
let nextProtocol = 0

function streamSpec(more: Partial<StreamSpec> = {}): StreamSpec {
  return {
    protocol: `/minga/compliance/${nextProtocol++}`,
    maxRequestBytes: 1024,
    maxFrameBytes: MIB,
    maxResponseBytes: 64 * MIB,
    idleTimeoutMs: 5_000,
    totalTimeoutMs: 10_000,
    maxConcurrent: 8,
    ...more,
  }
}

async function collect(frames: AsyncIterable<Uint8Array>): Promise<string[]> {
  const texts: string[] = []
  for await (const frame of frames) texts.push(decoder.decode(frame))
  return texts
}

async function* texts(...all: string[]) {
  for (const text of all) yield encoder.encode(text)
}

/** Waits until the signal is aborted, as a handler with nothing to say does. */
async function* silence(signal: AbortSignal, onAbort = () => {}): AsyncGenerator<Uint8Array> {
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  onAbort()
}

export function describeStreams(name: string, makePeers: MakePeers<StreamsPeer>): void {
  const pair = async (t: TestContext) => (await makePeers(t, 2)) as [StreamsPeer, StreamsPeer]

  describe(`${name}: Streams`, () => {
    it('brings the request there and the frames back, in order, with their borders', async (t) => {
      const [client, server] = await pair(t)
      const spec = streamSpec()
      const seen: string[] = []
      await server.streams.serve(spec, async function* (request, { from }) {
        seen.push(from, decoder.decode(request))
        yield* texts('a', '', 'x'.repeat(300_000), 'b')
      })
      const frames = await collect(client.streams.request(server.self, spec, encoder.encode('question')))
      assert.deepEqual(
        frames.map((frame) => frame.length),
        [1, 0, 300_000, 1],
      )
      assert.deepEqual(seen, [client.self, 'question'])
    })

    it('carries an empty request and an empty answer', async (t) => {
      const [client, server] = await pair(t)
      const spec = streamSpec()
      await server.streams.serve(spec, () => texts())
      assert.deepEqual(await collect(client.streams.request(server.self, spec, new Uint8Array())), [])
    })

    it('keeps the text of a handler’s error, and what came before it is not the whole', async (t) => {
      const [client, server] = await pair(t)
      const spec = streamSpec()
      await server.streams.serve(spec, async function* () {
        yield* texts('half')
        throw new Error('the secret path /home/alice')
      })
      const got: string[] = []
      const error = await (async () => {
        for await (const frame of client.streams.request(server.self, spec, new Uint8Array())) got.push(decoder.decode(frame))
      })().catch((caught: unknown) => caught as Error)
      assert.deepEqual(got, ['half'])
      assert.equal(error?.name, 'StreamRefusedError')
      assert.doesNotMatch(JSON.stringify([error?.message, String(error?.cause)]), /alice/)
    })

    it('holds the caps of request, frame and answer', async (t) => {
      const [client, server] = await pair(t)
      const spec = streamSpec({ maxRequestBytes: 8, maxFrameBytes: 8, maxResponseBytes: 12 })
      await server.streams.serve(spec, (request) => texts(...decoder.decode(request).split(',')))
      const ask = (text: string) => collect(client.streams.request(server.self, spec, encoder.encode(text)))
      assert.deepEqual(await ask('1234567,'), ['1234567', ''])
      await assert.rejects(ask('123456789'), { name: 'StreamLimitError' })
      const long = streamSpec({ maxFrameBytes: 8, maxResponseBytes: 12 })
      await server.streams.serve(long, (request) => texts(...decoder.decode(request).split(',')))
      for (const answer of ['123456789', '1234567,1234567']) {
        await assert.rejects(collect(client.streams.request(server.self, long, encoder.encode(answer))), {
          name: /^Stream(Refused|Limit)Error$/,
        })
      }
    })

    it('ends a silent exchange by its idle timeout, and an endless one by its total timeout', async (t) => {
      const [client, server] = await pair(t)
      const idle = streamSpec({ idleTimeoutMs: 100 })
      await server.streams.serve(idle, (_request, { signal }) => silence(signal))
      await assert.rejects(collect(client.streams.request(server.self, idle, new Uint8Array())), { name: 'StreamTimeoutError' })

      const total = streamSpec({ totalTimeoutMs: 200, idleTimeoutMs: 150 })
      await server.streams.serve(total, async function* (_request, { signal }) {
        while (!signal.aborted) {
          yield encoder.encode('tick')
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
      })
      await assert.rejects(collect(client.streams.request(server.self, total, new Uint8Array())), { name: 'StreamTimeoutError' })
    })

    it('serves so many streams of one peer at once, and more when they are done', async (t) => {
      const [client, server] = await pair(t)
      const spec = streamSpec({ maxConcurrent: 2 })
      const open = Promise.withResolvers<void>()
      await server.streams.serve(spec, async function* () {
        yield* texts('started')
        await open.promise
        yield* texts('done')
      })
      const running = [1, 2].map(() => client.streams.request(server.self, spec, new Uint8Array())[Symbol.asyncIterator]())
      for (const each of running) assert.equal(decoder.decode((await each.next()).value), 'started')
      await assert.rejects(collect(client.streams.request(server.self, spec, new Uint8Array())), { name: 'StreamRefusedError' })
      open.resolve()
      for (const each of running) {
        assert.equal(decoder.decode((await each.next()).value), 'done')
        assert.equal((await each.next()).done, true)
      }
      assert.deepEqual(await collect(client.streams.request(server.self, spec, new Uint8Array())), ['started', 'done'])
    })

    it('tells the handler when the other side stops reading, or gives up', async (t) => {
      const [client, server] = await pair(t)
      const spec = streamSpec()
      let aborted = Promise.withResolvers<void>()
      await server.streams.serve(spec, async function* (_request, { signal }) {
        yield* texts('first')
        yield* silence(signal, () => aborted.resolve())
      })
      for await (const _frame of client.streams.request(server.self, spec, new Uint8Array())) break
      await aborted.promise

      aborted = Promise.withResolvers<void>()
      const giveUp = new AbortController()
      const frames = client.streams.request(server.self, spec, new Uint8Array(), { signal: giveUp.signal })[Symbol.asyncIterator]()
      await frames.next()
      const reason = new Error('enough')
      giveUp.abort(reason)
      await assert.rejects(frames.next(), reason)
      await aborted.promise
    })

    it('does not let the handler run far ahead of a slow reader', async (t) => {
      const [client, server] = await pair(t)
      const spec = streamSpec()
      const total = 32
      let produced = 0
      await server.streams.serve(spec, async function* () {
        for (; produced < total; produced++) yield new Uint8Array(MIB)
      })
      let read = 0
      for await (const _frame of client.streams.request(server.self, spec, new Uint8Array())) {
        read++
        // Let the sender do all it can.
        if (read <= 8) for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
        assert.ok(produced - read <= 16, `the handler is ${produced - read} MiB ahead`)
      }
      assert.equal(read, total)
    })

    it('says who is unreachable, what is not spoken, and that a protocol has one handler', async (t) => {
      const [client, server] = await pair(t)
      const spec = streamSpec({ idleTimeoutMs: 1_000, totalTimeoutMs: 2_000 })
      const ask = (peer: PeerId) => collect(client.streams.request(peer, spec, new Uint8Array()))
      await assert.rejects(ask(server.self), { name: 'StreamRefusedError' })
      await assert.rejects(ask('12D3KooWAHoEkEqnKzM5PXFygh2movVBCSX3k8tDsT2cneU68Gyt'), { name: 'PeerUnreachableError' })
      const stop = await server.streams.serve(spec, () => texts('here'))
      await assert.rejects(
        server.streams.serve(spec, () => texts()),
        { name: 'ProtocolTakenError' },
      )
      assert.deepEqual(await ask(server.self), ['here'])
      await stop()
      await assert.rejects(ask(server.self), { name: 'StreamRefusedError' })
    })
  })
}
