import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import type { PeerId, StreamHandler } from '../../src/ports.ts'
import { type Envelope, encodeStatement } from '../../src/replica/envelope.ts'
import { EnvelopeRefusedError } from '../../src/replica/errors.ts'
import {
  decodeFrame,
  decodeRequest,
  encodeFrame,
  encodeRequest,
  type Head,
  LOG_SYNC,
  type SyncFrame,
} from '../../src/replica/sync-codec.ts'
import { createFakeNetwork, type FakeNetwork } from '../fakes/network.ts'
import { chain, forge, honest } from './forge.ts'
import { contextOf, hasEntries, newSigner, record, recordingLogger, startPeer, startPeers, viewOf } from './support.ts'

const JOB = 'job'
const context = contextOf(JOB)

async function startPair(t: TestContext, network: FakeNetwork) {
  const peers = await startPeers(2, network)
  t.after(() => Promise.all(peers.map(({ replica }) => replica.stop())))
  const [a, b] = await Promise.all(peers.map(({ replica }) => replica.open(JOB)))
  return { a: a!, b: b!, peerA: peers[0]!.signer.peer, peerB: peers[1]!.signer.peer }
}

/** A peer that answers the log protocol with a program of its own. */
function startLiar(network: FakeNetwork, answer: (request: ReturnType<typeof decodeRequest>) => SyncFrame[]): PeerId {
  const { peer } = newSigner()
  const handler: StreamHandler = async function* (bytes) {
    for (const frame of answer(decodeRequest(bytes))) yield encodeFrame(frame)
  }
  void network.peer(peer).streams.serve(LOG_SYNC, handler)
  return peer
}

function headAfter({ publicKey, incarnation, to }: Envelope): Head {
  return { publicKey, incarnation, clock: to, chain: new Uint8Array(16) }
}

describe('sync by stream', () => {
  it('of equal logs is one small question', async (t) => {
    const network = createFakeNetwork()
    // At once, not within the next second, so that none is under way later.
    const peers = await Promise.all([1, 2].map(() => startPeer(network, { random: () => 0 })))
    t.after(() => Promise.all(peers.map(({ replica }) => replica.stop())))
    const [a, b] = await Promise.all(peers.map(({ replica }) => replica.open(JOB)))
    await Promise.all([a!, b!].map((log, i) => log.append([record(`of/${i}`)])))
    await Promise.all([a!, b!].map((log) => hasEntries(log, 2)))
    const sync = () => a!.syncWith(peers[1]!.signer.peer)
    // Joins what is under way at either side.
    await Promise.all([sync(), b!.syncWith(peers[0]!.signer.peer)])
    const { requests, streamBytes } = network.counts
    assert.deepEqual(await sync(), { received: 0, sent: 0 })
    assert.equal(network.counts.requests - requests, 1)
    assert.ok(network.counts.streamBytes - streamBytes < 40)
  })

  it('after a partition brings both halves to one view, without being told to', async (t) => {
    const network = createFakeNetwork()
    const peers = await startPeers(4, network)
    t.after(() => Promise.all(peers.map(({ replica }) => replica.stop())))
    const logs = await Promise.all(peers.map(({ replica }) => replica.open(JOB)))
    const ids = peers.map(({ signer }) => signer.peer)
    network.partition(ids.slice(0, 2), ids.slice(2))
    await Promise.all(logs.map((log, i) => log.append([record(`of/${i}`), record('shared', `${i}`)])))
    await Promise.all(logs.map((log) => hasEntries(log, 4)))
    assert.equal(viewOf(logs[0]!).length, 4)
    network.heal()
    await Promise.all(logs.map((log) => hasEntries(log, 8)))
    for (const log of logs) assert.deepEqual(viewOf(log), viewOf(logs[0]!))
  })

  for (const seed of [1, 2, 3]) {
    it(`by anti-entropy heals a network that drops, repeats and reorders (seed ${seed})`, async (t) => {
      const faults = { dropRate: 0.4, duplicateRate: 0.3, maxDelayMs: 20, breakRate: 0.05 }
      const network = createFakeNetwork({ seed, faults })
      const peers = await startPeers(4, network, { antiEntropyMs: 40 })
      t.after(() => Promise.all(peers.map(({ replica }) => replica.stop())))
      const logs = await Promise.all(peers.map(({ replica }) => replica.open(JOB)))
      for (let round = 0; round < 5; round++) {
        await Promise.all(logs.map((log, i) => log.append([record(`${i}/${round}/0`), record(`${i}/${round}/1`)])))
      }
      await Promise.all(logs.map((log) => hasEntries(log, 40)))
      for (const log of logs) assert.deepEqual(viewOf(log), viewOf(logs[0]!))
      assert.deepEqual(
        logs.flatMap((log) => log.equivocators()),
        [],
      )
    })
  }

  it('fills a gap that gossip leaves, from the author', async (t) => {
    const network = createFakeNetwork()
    const { a, b } = await startPair(t, network)
    network.faults = { ...network.faults, dropRate: 1 }
    await a.append([record('lost')])
    network.faults = { ...network.faults, dropRate: 0 }
    await a.append([record('heard')])
    await hasEntries(b, 2)
    assert.deepEqual(viewOf(b), viewOf(a))
  })

  it('shares one exchange between callers, and one that gives up does not stop it', async (t) => {
    const network = createFakeNetwork()
    const { a, b, peerA } = await startPair(t, network)
    network.faults = { ...network.faults, dropRate: 1 }
    await a.append(Array.from({ length: 300 }, (_, i) => record(`k/${i}`)))
    const impatient = new AbortController()
    const reason = new Error('too slow')
    const first = b.syncWith(peerA, { signal: impatient.signal })
    const second = b.syncWith(peerA)
    impatient.abort(reason)
    await assert.rejects(first, reason)
    assert.equal((await second).received, 300)
  })

  it('is broken off, with nothing wrong applied, when the peer lies', async (t) => {
    const network = createFakeNetwork()
    const { a } = await startPair(t, network)
    await a.append([record('own')])
    const author = newSigner()
    const [first, second] = await chain(context, author, ['k', 'l'])
    const badly = await forge(context, author, first!.update, { by: newSigner() })
    const heads: SyncFrame = { kind: 'heads', heads: [headAfter(second!)], convicted: [] }
    const taken: SyncFrame = { kind: 'taken', entries: 1 }
    const pulling = (frame: SyncFrame) => startLiar(network, ({ kind }) => [kind === 'heads' ? heads : kind === 'pull' ? frame : taken])

    await assert.rejects(a.syncWith(pulling({ kind: 'envelopes', items: [badly] })), { name: 'SyncProtocolError' })
    await assert.rejects(a.syncWith(pulling({ kind: 'envelopes', items: [new Uint8Array(9)] })), { name: 'SyncProtocolError' })
    await assert.rejects(a.syncWith(pulling({ kind: 'proofs', items: [new Uint8Array(9)] })), { name: 'SyncProtocolError' })
    await assert.rejects(a.syncWith(pulling({ kind: 'statements', items: [new Uint8Array(9)] })), { name: 'SyncProtocolError' })
    await assert.rejects(a.syncWith(pulling(taken)), { name: 'SyncProtocolError' })
    await assert.rejects(a.syncWith(startLiar(network, () => [taken])), { name: 'SyncProtocolError' })
    assert.equal(viewOf(a).length, 1)

    // Promises that are not kept end, too.
    assert.deepEqual(await a.syncWith(pulling({ kind: 'more' })), { received: 0, sent: 1 })
    assert.deepEqual((await a.syncWith(pulling({ kind: 'envelopes', items: [] }))).received, 0)
    assert.equal((await a.syncWith(pulling({ kind: 'envelopes', items: [first!.bytes, second!.bytes] }))).received, 2)
  })

  it('cannot be used to blame an honest author for a history it did not sign', async (t) => {
    const network = createFakeNetwork()
    const { a } = await startPair(t, network)
    const author = newSigner()
    const mallory = newSigner()
    const first = await honest(context, author, 'k')
    const heads = (convicted: PeerId[]): SyncFrame => ({ kind: 'heads', heads: [headAfter(first)], convicted })
    const forged = encodeStatement({ ...(await honest(context, mallory, 'x')), publicKey: author.publicKey })
    const liar = startLiar(network, ({ kind }) => [kind === 'heads' ? heads([author.peer]) : { kind: 'statements', items: [forged] }])
    const source = startLiar(network, ({ kind }) => [kind === 'heads' ? heads([]) : { kind: 'envelopes', items: [first.bytes] }])
    await a.syncWith(source)
    assert.equal(viewOf(a).length, 1)
    await a.syncWith(liar)
    assert.deepEqual(a.equivocators(), [])
    assert.equal(viewOf(a).length, 1)
  })

  it('survives any bytes as a request, and goes on serving', async (t) => {
    const network = createFakeNetwork()
    const logger = recordingLogger()
    const peer = await startPeer(network, { logger })
    t.after(() => peer.replica.stop())
    const log = await peer.replica.open(JOB)
    await log.append([record('k')])
    const stranger = network.peer(newSigner().peer)
    const good = encodeRequest({ kind: 'heads', jobId: JOB, digest: new Uint8Array(16) })
    const mutated = fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([at, byte]) => {
      const bytes = good.slice()
      bytes[at] = byte
      return bytes
    })
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 300 }), mutated), async (bytes) => {
        try {
          for await (const frame of stranger.streams.request(peer.signer.peer, LOG_SYNC, bytes)) decodeFrame(frame)
        } catch (error) {
          assert.equal((error as Error).name, 'StreamRefusedError')
        }
      }),
      { numRuns: 200 },
    )
    const other = await startPeer(network)
    t.after(() => other.replica.stop())
    const copy = await other.replica.open(JOB)
    // Or the peer has pushed it, the moment that they met.
    await copy.syncWith(peer.signer.peer)
    assert.equal(viewOf(copy).length, 1)
  })

  it('does not take from authors that may not write, and asks again when they may', async (t) => {
    const network = createFakeNetwork()
    const strict = new Set<PeerId>()
    const picky = await startPeer(network, {}, { allow: (_jobId, author) => strict.has(author) })
    const other = await startPeer(network)
    t.after(() => Promise.all([picky, other].map(({ replica }) => replica.stop())))
    const [log, otherLog] = await Promise.all([picky, other].map(({ replica }) => replica.open(JOB)))
    await otherLog!.append([record('k')])
    await log!.syncWith(other.signer.peer)
    assert.deepEqual(viewOf(log!), [])
    strict.add(other.signer.peer)
    await log!.syncWith(other.signer.peer)
    assert.equal(viewOf(log!).length, 1)
  })
})

it('a peer that lost its disk learns what it wrote before it writes again', async (t) => {
  const network = createFakeNetwork()
  const other = await startPeer(network)
  const first = await startPeer(network)
  const [otherLog, log] = await Promise.all([other, first].map(({ replica }) => replica.open(JOB)))
  await log!.append([record('peer', 'certificate 1')])
  await hasEntries(otherLog!, 1)
  await first.replica.stop()
  first.net.vanish()
  const again = await startPeer(network, { signer: first.signer })
  t.after(() => Promise.all([again, other].map(({ replica }) => replica.stop())))
  const reopened = await again.replica.open(JOB)
  await assert.rejects(reopened.append([record('peer', 'certificate 2')]), { name: 'LogKeyTakenError' })
  await reopened.append([record('peer', 'certificate 1'), record('more')])
  await hasEntries(otherLog!, 2)
  assert.deepEqual(otherLog!.equivocators(), [])
  assert.deepEqual(viewOf(reopened), viewOf(otherLog!))
})

describe('frames of the log protocol', () => {
  it('are refused or read, never thrown on otherwise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        for (const decode of [decodeFrame, decodeRequest]) {
          try {
            decode(bytes)
          } catch (error) {
            assert.ok(error instanceof EnvelopeRefusedError, String(error))
          }
        }
      }),
      { numRuns: 1000 },
    )
  })
})
