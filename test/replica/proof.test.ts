import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { PeerId, Signer } from '../../src/ports.ts'
import { type Envelope, sealEnvelope } from '../../src/replica/envelope.ts'
import { EnvelopeRefusedError } from '../../src/replica/errors.ts'
import { DEFAULT_LIMITS } from '../../src/replica/limits.ts'
import { decodeProof, proveContradiction, proveExcess, proveFork, verifyProof } from '../../src/replica/proof.ts'
import { createMemoryStore } from '../../src/replica/store-memory.ts'
import { encodeRequest, LOG_SYNC } from '../../src/replica/sync-codec.ts'
import { createFakeNetwork, type FakeNetwork } from '../fakes/network.ts'
import { chain, honest } from './forge.ts'
import { bytesOf, contextOf, eventually, newSigner, record, startPeer, verify, viewOf } from './support.ts'

const JOB = 'job'
const context = contextOf(JOB)

/** Pushes envelopes to a peer as any stranger can. */
async function push(network: FakeNetwork, to: PeerId, envelopes: readonly Envelope[], proofs: Uint8Array[] = []): Promise<void> {
  const { streams } = network.peer(newSigner().peer)
  const request = encodeRequest({ kind: 'push', jobId: JOB, proofs, envelopes: envelopes.map(({ bytes }) => bytes) })
  for await (const _ of streams.request(to, LOG_SYNC, request));
}

const convicts = (log: Parameters<typeof eventually>[0], author: PeerId) => eventually(log, () => log.equivocators().includes(author))

/** What each kind of misconduct looks like: pairs of envelope lists that two peers may have seen. */
const MISCONDUCT: Record<string, (mallory: Signer) => Promise<[Envelope[], Envelope[]]>> = {
  'two histories of one length': async (mallory) => {
    const [first] = await chain(context, mallory, ['k'])
    const place = { from: 1, totalBytes: first!.totalBytes }
    return [
      [first!, await honest(context, mallory, 'a', '1', place)],
      [first!, await honest(context, mallory, 'a', '2', place)],
    ]
  },
  'a longer and a shorter history': async (mallory) => {
    const [first, second, third] = await chain(context, mallory, ['k', 'l', 'm'])
    return [[first!, second!, third!], [await honest(context, mallory, 'other')]]
  },
  'one history cut up in two ways': async (mallory) => {
    const [first, second] = await chain(context, mallory, ['k', 'l'])
    const both = await sealEnvelope(context, mallory, { incarnation: 1, from: 0, totalBytes: 0 }, [record('k'), record('l')])
    return [[first!, second!], [both]]
  },
  'two values under one key, in two incarnations': async (mallory) => [
    [await honest(context, mallory, 'k', '1', { incarnation: 1 })],
    [await honest(context, mallory, 'k', '2', { incarnation: 2 })],
  ],
}

describe('misconduct of an author', () => {
  for (const [name, commit] of Object.entries(MISCONDUCT)) {
    it(`${name}: found in one place, told to all, refused for good`, async (t) => {
      const network = createFakeNetwork()
      const peers = await Promise.all([1, 2, 3].map(() => startPeer(network)))
      t.after(() => Promise.all(peers.map(({ replica }) => replica.stop())))
      const logs = await Promise.all(peers.map(({ replica }) => replica.open(JOB)))
      const mallory = newSigner()
      const [one, other] = await commit(mallory)
      await push(network, peers[0]!.signer.peer, one)
      assert.ok(viewOf(logs[0]!).length > 0)
      await push(network, peers[0]!.signer.peer, other)
      await Promise.all(logs.map((log) => convicts(log, mallory.peer)))
      const more = await honest(context, mallory, 'more', 'more', { incarnation: 9 })
      await push(network, peers[1]!.signer.peer, [more])
      for (const log of logs) {
        assert.deepEqual(log.equivocators(), [mallory.peer])
        assert.deepEqual(viewOf(log), [])
      }
    })

    it(`${name}: seen by two peers apart, found when they sync`, async (t) => {
      const network = createFakeNetwork()
      const peers = await Promise.all([1, 2].map(() => startPeer(network)))
      t.after(() => Promise.all(peers.map(({ replica }) => replica.stop())))
      const [a, b] = await Promise.all(peers.map(({ replica }) => replica.open(JOB)))
      const mallory = newSigner()
      const [one, other] = await commit(mallory)
      await push(network, peers[0]!.signer.peer, one)
      await push(network, peers[1]!.signer.peer, other)
      await a!.syncWith(peers[1]!.signer.peer)
      await Promise.all([convicts(a!, mallory.peer), convicts(b!, mallory.peer)])
      assert.deepEqual(viewOf(a!), viewOf(b!))
      assert.deepEqual(await b!.syncWith(peers[0]!.signer.peer), { received: 0, sent: 0 })
    })
  }

  it('above the quota, spread over incarnations: convicted alike, whatever half a peer has seen', async (t) => {
    const network = createFakeNetwork()
    const init = { limits: { maxAuthorEntries: 5 } }
    const peers = await Promise.all([1, 2].map(() => startPeer(network, {}, init)))
    t.after(() => Promise.all(peers.map(({ replica }) => replica.stop())))
    const [a, b] = await Promise.all(peers.map(({ replica }) => replica.open(JOB)))
    const mallory = newSigner()
    await push(network, peers[0]!.signer.peer, await chain(context, mallory, ['a', 'b', 'c'], 1))
    await push(network, peers[1]!.signer.peer, await chain(context, mallory, ['d', 'e', 'f'], 2))
    assert.deepEqual([viewOf(a!).length, viewOf(b!).length], [3, 3])
    await a!.syncWith(peers[1]!.signer.peer)
    await Promise.all([convicts(a!, mallory.peer), convicts(b!, mallory.peer)])
    assert.deepEqual([viewOf(a!), viewOf(b!)], [[], []])
  })

  it('above the quota of the Job: convicted by whoever knows it, and by the others as soon as they do', async (t) => {
    const network = createFakeNetwork()
    const peers = await Promise.all([1, 2].map(() => startPeer(network)))
    t.after(() => Promise.all(peers.map(({ replica }) => replica.stop())))
    const [a, b] = await Promise.all(peers.map(({ replica }) => replica.open(JOB)))
    const mallory = newSigner()
    const quota = { authorEntries: 2, authorBytes: 1e6, jobBytes: 1e7 }
    await a!.append([record('mine')])
    await push(network, peers[0]!.signer.peer, await chain(context, mallory, ['a', 'b'], 1))
    a!.bound(quota)
    assert.deepEqual(a!.equivocators(), [], 'all that it may')
    await push(network, peers[0]!.signer.peer, await chain(context, mallory, ['c'], 2))
    await convicts(a!, mallory.peer)

    // The proof comes, and says nothing yet; neither is who brings it to blame.
    await b!.syncWith(peers[0]!.signer.peer)
    assert.deepEqual(b!.equivocators(), [])
    assert.deepEqual(viewOf(b!), viewOf(a!))
    b!.bound(quota)
    await convicts(b!, mallory.peer)
  })

  it('above the quota when that becomes known: convicted with what is there', async (t) => {
    const network = createFakeNetwork()
    const peer = await startPeer(network)
    t.after(() => peer.replica.stop())
    const log = await peer.replica.open(JOB)
    const mallory = newSigner()
    await push(network, peer.signer.peer, await chain(context, mallory, ['a', 'b', 'c'], 1))
    log.bound({ authorEntries: 2, authorBytes: 1e6, jobBytes: 1e7 })
    assert.deepEqual([log.equivocators(), viewOf(log)], [[mallory.peer], []])
    await assert.rejects(log.append([record('x'), record('y'), record('z')]), { name: 'LogQuotaError' })
  })

  it('is remembered over a restart, and told to a newcomer', async (t) => {
    const network = createFakeNetwork()
    const store = createMemoryStore()
    const first = await startPeer(network, { store })
    const log = await first.replica.open(JOB)
    const mallory = newSigner()
    const [one, other] = await MISCONDUCT['two histories of one length']!(mallory)
    await push(network, first.signer.peer, [...one, ...other])
    await convicts(log, mallory.peer)
    await first.replica.stop()
    first.net.vanish()

    const again = await startPeer(network, { store })
    const newcomer = await startPeer(network)
    t.after(() => Promise.all([again, newcomer].map(({ replica }) => replica.stop())))
    const reopened = await again.replica.open(JOB)
    assert.deepEqual(reopened.equivocators(), [mallory.peer])
    assert.deepEqual(viewOf(reopened), [])
    const fresh = await newcomer.replica.open(JOB)
    await fresh.syncWith(again.signer.peer)
    assert.deepEqual(fresh.equivocators(), [mallory.peer])
  })

  it('of this very peer’s key stops its appends', async (t) => {
    const network = createFakeNetwork()
    const peer = await startPeer(network)
    t.after(() => peer.replica.stop())
    const log = await peer.replica.open(JOB)
    await log.append([record('k')])
    const [one, other] = await MISCONDUCT['two histories of one length']!(peer.signer)
    await push(network, peer.signer.peer, [...one, ...other])
    await convicts(log, peer.signer.peer)
    await assert.rejects(log.append([record('l')]), { name: 'AuthorConvictedError' })
  })
})

describe('proofs', () => {
  const limits = { ...DEFAULT_LIMITS, maxAuthorEntries: 2 }
  const judge = async (bytes: Uint8Array) => {
    const charge = decodeProof(context, limits, bytes)
    await verifyProof(context, verify, charge)
    return charge
  }
  const mallory = newSigner()
  const victim = newSigner()

  it('hold where the author signed what convicts it', async () => {
    const [a, b] = [await honest(context, mallory, 'k', '1'), await honest(context, mallory, 'k', '2')]
    assert.equal((await judge(proveFork(a, b).bytes)).author, mallory.peer)
    const elsewhere = await honest(context, mallory, 'k', '2', { incarnation: 2 })
    assert.equal((await judge(proveContradiction(mallory.peer, a.bytes, elsewhere.bytes).bytes)).form, 'contradiction')
    const heads = [...(await chain(context, mallory, ['a', 'b'], 1)).slice(1), ...(await chain(context, mallory, ['c'], 2))]
    assert.equal((await judge(proveExcess(heads).bytes)).form, 'excess')
  })

  it('do not hold against the honest', async () => {
    const [first, second] = await chain(context, victim, ['k', 'l'])
    const repeated = await honest(context, victim, 'k', 'k', { incarnation: 2 })
    const byMallory = await honest(context, mallory, 'k', 'other')
    const forged = { ...first!, updateHash: new Uint8Array(32), signature: byMallory.signature }
    const frame = (form: number, ...items: Uint8Array[]) =>
      new Uint8Array([form, items.length, ...items.flatMap((item) => [item.length, ...item])])
    const cases = {
      'two parts of one history': proveFork(first!, second!).bytes,
      'a statement twice': proveFork(first!, first!).bytes,
      'statements of two authors': proveFork(first!, byMallory).bytes,
      'a forged statement': proveFork(first!, forged).bytes,
      'a repetition': proveContradiction(victim.peer, first!.bytes, repeated.bytes).bytes,
      'one log counted twice': proveExcess([second!, second!]).bytes,
      'a log within the quota': proveExcess([second!]).bytes,
      'no items': new Uint8Array([1, 0]),
      'an unknown form': frame(9, bytesOf('x')),
      noise: crypto.getRandomValues(new Uint8Array(64)),
      nothing: new Uint8Array(),
    }
    for (const [name, bytes] of Object.entries(cases)) {
      await assert.rejects(judge(bytes), (error) => error instanceof EnvelopeRefusedError && error.blame, name)
    }
  })
})
