import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { TestContext } from 'node:test'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { StreamHandler } from '../../src/ports.ts'
import { createBlocks } from '../../src/storage/blocks.ts'
import { BLOCKS_SPEC, encodeBlock, PART_BYTES } from '../../src/storage/bulk/protocol.ts'
import { requestList } from '../../src/storage/bulk/request.ts'
import { rawCidOf } from '../../src/storage/cid.ts'
import { WrongBytesError } from '../../src/storage/errors.ts'
import { createMemoryStore } from '../../src/storage/memory-store.ts'
import { MIB, sameBytes, startLiar, startNetwork, startPeer, wantedKeys, watched } from './peers.ts'

/** A reader that knows a liar and an honest provider, and hears whom it blames. */
async function startBetween(t: TestContext, lie: StreamHandler) {
  const blamed: [string, string][] = []
  const honest = await startPeer(t)
  const liar = await startLiar(t, lie)
  const reader = await startPeer(t, { dial: [honest.network, liar], onWrongBytes: (peer, kind) => blamed.push([peer, kind]) })
  return { honest, liar, reader, blamed, providers: [liar.self, honest.network.self] }
}

describe('providers that lie', () => {
  const lies: Record<string, { kind: string; lie: StreamHandler }> = {
    'other bytes': {
      kind: 'hash',
      lie: async function* () {
        yield* encodeBlock(randomBytes(100))
      },
    },
    'more than a block may have': {
      kind: 'oversize',
      lie: async function* () {
        for (;;) yield new Uint8Array(PART_BYTES)
      },
    },
    'an end inside a block': {
      kind: 'malformed',
      lie: async function* () {
        yield new Uint8Array(PART_BYTES)
      },
    },
  }
  for (const [name, { kind, lie }] of Object.entries(lies)) {
    it(`${name}: refused and blamed, the next provider is used`, async (t) => {
      const { honest, liar, reader, blamed, providers } = await startBetween(t, lie)
      const bytes = randomBytes(1000)
      const cid = await honest.blocks.put(bytes)
      assert.ok(sameBytes(await reader.blocks.read(cid, { providers }), bytes))
      assert.deepEqual(blamed, [[liar.self, kind]])
    })
  }

  it('blames a block that nobody asked for', async () => {
    const bytes = randomBytes(1000)
    async function* request(): AsyncGenerator<Uint8Array> {
      yield* encodeBlock(bytes)
      yield* encodeBlock(randomBytes(10))
    }
    const streams = { serve: async () => async () => {}, request }
    const asked = requestList({ streams, peer: 'liar', signal: new AbortController().signal }, [
      { cid: await rawCidOf(bytes), maxBytes: MIB },
    ])
    assert.ok(sameBytes((await asked.next()).value.bytes, bytes))
    await assert.rejects(asked.next(), { name: 'WrongBytesError', kind: 'unsolicited', peer: 'liar' })
  })

  it('throws WrongBytesError where only the liar has anything, and keeps nothing', async (t) => {
    const { honest, liar, reader } = await startBetween(t, async function* () {
      yield* encodeBlock(randomBytes(50))
    })
    const cid = await honest.blocks.put(randomBytes(50))
    const error = await reader.blocks.read(cid, { providers: [liar.self] }).catch((e) => e)
    assert.ok(error instanceof WrongBytesError)
    assert.deepEqual([error.peer, error.cid, error.kind], [liar.self, cid, 'hash'])
    assert.equal(await reader.blocks.usedBytes(), 0)
  })

  it('survives random frames', async (t) => {
    let frames: Uint8Array[] = []
    const { honest, liar, reader } = await startBetween(t, async function* () {
      yield* frames
    })
    const cid = await honest.blocks.put(randomBytes(2 * MIB))
    const frame = fc.uint8Array({ maxLength: 50 })
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { maxLength: 6 }), async (random) => {
        frames = random
        const error = await reader.blocks.read(cid, { providers: [liar.self] }).catch((e) => e)
        assert.match(error.name, /^(WrongBytesError|BlockNotFoundError)$/)
        assert.equal(await reader.blocks.usedBytes(), 0)
      }),
      { numRuns: 40 },
    )
  })

  it('gives up on a provider that says it has less than it must to go on', async (t) => {
    const { honest, reader, providers } = await startBetween(t, async function* () {})
    const bytes = randomBytes(3 * MIB)
    const cid = await honest.blocks.put(bytes)
    assert.ok(sameBytes(await reader.blocks.read(cid, { providers }), bytes))
  })
})

describe('providers that fail', () => {
  it('goes on at the next one where a provider dies in the middle, and asks for nothing twice', async (t) => {
    const bytes = randomBytes(6 * MIB)
    const first = await startPeer(t)
    const second = await startPeer(t)
    const cid = await first.blocks.put(bytes)
    await second.blocks.put(bytes)
    const reader = await startPeer(t, { dial: [first.network, second.network] })
    let received = 0
    const read = reader.blocks.read(cid, {
      providers: [first.network.self, second.network.self],
      onProgress(done) {
        received = done
        if (done >= 2 * MIB && done < 3 * MIB) void first.network.stop()
      },
    })
    assert.ok(sameBytes(await read, bytes))
    assert.equal(received, bytes.length)
    assert.ok(second.reads.length < 2 + 7 + 5, `the second was asked for ${second.reads.length} blocks`)
  })

  it('asks a provider that failed no more while another has the blocks', async (t) => {
    let asked = 0
    const broken = await startLiar(t, () => {
      asked++
      throw new Error('broken')
    })
    const holder = await startPeer(t)
    const reader = await startPeer(t, { dial: [holder.network, broken] })
    const cid = await holder.blocks.put(randomBytes(50 * MIB))
    await reader.blocks.fetch(cid, { providers: [broken.self, holder.network.self] })
    assert.ok(asked <= 1, `asked ${asked} times`)
  })

  it('tells what each provider answered where none has it', async (t) => {
    const empty = await startPeer(t)
    const silent = await startNetwork(t)
    const reader = await startPeer(t, { dial: [empty.network, silent] })
    const cid = await (await createBlocks({})).put(randomBytes(9))
    const gone = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'
    const error = await reader.blocks.read(cid, { providers: [empty.network.self, silent.self, gone] }).catch((e) => e)
    assert.equal(error.name, 'BlockNotFoundError')
    assert.deepEqual(
      error.attempts.map((attempt: { source: string; reason: string }) => [attempt.source, attempt.reason]),
      [
        [empty.network.self, 'does not have it'],
        [silent.self, 'StreamRefusedError'],
        [gone, 'PeerUnreachableError'],
      ],
    )
  })

  it('does not serve a peer that is not allowed', async (t) => {
    const holder = await startPeer(t, { allow: () => false })
    const reader = await startPeer(t, { dial: [holder.network] })
    const cid = await holder.blocks.put(randomBytes(9))
    await assert.rejects(reader.blocks.read(cid, { providers: [holder.network.self] }), { name: 'BlockNotFoundError' })
    assert.deepEqual(holder.reads, [])
  })

  it('answers random requests with nothing, and stays up', async (t) => {
    const holder = await startPeer(t)
    const stranger = await startNetwork(t)
    await stranger.dial(holder.network.addresses()[0]!)
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (request) => {
        const answer = await Array.fromAsync(stranger.streams.request(holder.network.self, BLOCKS_SPEC, request)).catch((e) => e)
        assert.ok(answer instanceof Error && answer.name === 'StreamRefusedError')
      }),
      { numRuns: 50 },
    )
    const bytes = randomBytes(100)
    const cid = await holder.blocks.put(bytes)
    const reader = await startPeer(t, { dial: [holder.network] })
    assert.ok(sameBytes(await reader.blocks.read(cid, { providers: [holder.network.self] }), bytes))
  })
})

describe('what goes over the wire', () => {
  it('fetches only the root and the leaves under the range', async (t) => {
    const holder = await startPeer(t)
    const reader = await startPeer(t, { dial: [holder.network] })
    const bytes = randomBytes(20 * MIB)
    const cid = await holder.blocks.put(bytes)
    const rootBytes = (await holder.blocks.usedBytes()) - bytes.length
    holder.reads.length = 0
    const range = { offset: 7 * MIB - 3, length: 6 }
    assert.ok(
      sameBytes(
        await reader.blocks.read(cid, { ...range, providers: [holder.network.self] }),
        bytes.subarray(range.offset, range.offset + 6),
      ),
    )
    assert.equal(holder.reads.length, 3)
    assert.equal(await reader.blocks.usedBytes(), 2 * MIB + rootBytes)
    await reader.blocks.read(cid, { ...range, providers: [holder.network.self] })
    assert.equal(holder.reads.length, 3, 'what is here is not asked for again')
  })

  it('joins concurrent reads of one leaf', async (t) => {
    const holder = await startPeer(t)
    const bytes = randomBytes(4 * MIB)
    const cid = await holder.blocks.put(bytes)
    const reader = await startPeer(t, { dial: [holder.network] })
    holder.reads.length = 0
    const reads = await Promise.all(Array.from({ length: 8 }, () => reader.blocks.read(cid, { providers: [holder.network.self] })))
    for (const read of reads) assert.ok(sameBytes(read, bytes))
    assert.equal(holder.reads.length, 5)
  })

  it('fetches for the second reader where the first gave up or had a bad provider', async (t) => {
    const holder = await startPeer(t)
    const bytes = randomBytes(2 * MIB)
    const cid = await holder.blocks.put(bytes)
    const { promise: asked, resolve: onAsked } = Promise.withResolvers<void>()
    const tarpit = await startLiar(t, async function* (_request, { signal }) {
      onAsked()
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
    })
    const reader = await startPeer(t, { dial: [holder.network, tarpit] })
    const giveUp = new AbortController()
    const first = reader.blocks.read(cid, { providers: [tarpit.self], signal: giveUp.signal }).catch((e) => e)
    await asked
    const second = reader.blocks.read(cid, { providers: [holder.network.self] })
    giveUp.abort(new Error('enough'))
    assert.equal((await first).message, 'enough')
    assert.ok(sameBytes(await second, bytes))
  })

  it('asks for a small file in one request, and for a large one in batches', async (t) => {
    const holder = await startPeer(t)
    const network = await startNetwork(t)
    await network.dial(holder.network.addresses()[0]!)
    const requests: number[] = []
    const streams = watched(network.streams, (_peer, request) => requests.push(wantedKeys(request).length))
    const reader = await createBlocks({ streams })
    t.after(() => reader.stop())
    const providers = [holder.network.self]
    await reader.fetch(await holder.blocks.put(randomBytes(8 * MIB)), { providers })
    assert.deepEqual(requests, [1])
    requests.length = 0
    await reader.fetch(await holder.blocks.put(randomBytes(80 * MIB)), { providers })
    assert.ok(requests.length <= 8, `${requests.length} requests`)
  })

  it('takes no more from the network than maxBytes allows', async (t) => {
    const holder = await startPeer(t)
    const cid = await holder.blocks.put(randomBytes(30 * MIB))
    const reader = await startPeer(t, { dial: [holder.network] })
    await assert.rejects(reader.blocks.fetch(cid, { providers: [holder.network.self], maxBytes: MIB }), {
      name: 'FileTooLargeError',
      maxBytes: MIB,
    })
    assert.ok((await reader.blocks.usedBytes()) <= 6 * MIB)
  })

  it('reads on where its own disk is full, and says so where it must store', async (t) => {
    const holder = await startPeer(t)
    const bytes = randomBytes(3 * MIB)
    const cid = await holder.blocks.put(bytes)
    const reader = await startPeer(t, { dial: [holder.network], store: createMemoryStore({ maxBytes: 2 * MIB }) })
    const providers = [holder.network.self]
    assert.ok(sameBytes(await reader.blocks.read(cid, { providers }), bytes))
    await assert.rejects(reader.blocks.fetch(cid, { providers, owner: 'job' }), { name: 'DiskFullError' })
    await assert.rejects(reader.blocks.put(randomBytes(3 * MIB)), { name: 'DiskFullError' })
    assert.deepEqual(await reader.blocks.owners(), [])
    await reader.blocks.gc()
    assert.equal(await reader.blocks.usedBytes(), 0)
  })
})
