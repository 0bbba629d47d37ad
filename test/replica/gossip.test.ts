import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { ChannelSpec, Channels, Verdict } from '../../src/ports.ts'
import { proveFork } from '../../src/replica/proof.ts'
import { encodeRequest, LOG_SYNC } from '../../src/replica/sync-codec.ts'
import { createFakeNetwork } from '../fakes/network.ts'
import { chain, forge, honest, yjsUpdate } from './forge.ts'
import { contextOf, hasEntries, newSigner, record, startPeer, startPeers, viewOf } from './support.ts'

const JOB = 'job'
const context = contextOf(JOB)

/** A replica, and the judge that it has given to the network. */
async function startJudge(t: TestContext) {
  const network = createFakeNetwork()
  let spec: ChannelSpec<unknown> | undefined
  const catching = (channels: Channels): Channels => ({
    join: (joined, options) => {
      spec = joined as ChannelSpec<unknown>
      return channels.join(joined, options)
    },
  })
  const signer = newSigner()
  const net = network.peer(signer.peer)
  const peer = await startPeer(network, { signer, channels: catching(net.channels) })
  t.after(() => peer.replica.stop())
  const log = await peer.replica.open(JOB)
  const judge = async (kind: 1 | 2, bytes: Uint8Array, from: string): Promise<string> => {
    const verdict = (await spec!.judge!(spec!.decode(new Uint8Array([kind, ...bytes])), from)) as Verdict
    return verdict.verdict === 'accept' ? 'accept' : `${verdict.verdict} ${verdict.code}`
  }
  return { log, judge, self: signer.peer, spec: () => spec!, network }
}

describe('gossip of a log', () => {
  it('is judged: what every peer would refuse is rejected, what depends on this one is ignored', async (t) => {
    const { log, judge, spec } = await startJudge(t)
    const author = newSigner()
    const mallory = newSigner()
    const envelopes = await chain(context, author, ['a', 'b', 'c'])
    const [a, b, c] = envelopes.map(({ bytes }) => bytes) as [Uint8Array, Uint8Array, Uint8Array]
    assert.equal(await judge(1, a, author.peer), 'accept')
    assert.equal(await judge(1, a, author.peer), 'ignore known')
    assert.equal(await judge(1, b, mallory.peer), 'reject not-the-author')
    assert.equal(await judge(1, c, author.peer), 'accept')
    assert.equal(await judge(1, c, author.peer), 'ignore known')
    assert.equal(viewOf(log).length, 1)
    assert.equal(await judge(1, b, author.peer), 'accept')
    assert.equal(viewOf(log).length, 3)

    assert.equal(
      await judge(
        1,
        await forge(
          context,
          author,
          yjsUpdate(5, (map) => map.set('x', 1)),
        ),
        author.peer,
      ),
      'reject malformed',
    )
    assert.equal(await judge(1, new Uint8Array(), author.peer), 'reject malformed')
    assert.equal(await judge(1, new Uint8Array(20), author.peer), 'reject malformed')
    assert.equal(await judge(2, new Uint8Array(20), author.peer), 'reject no-proof')
    assert.throws(() => spec().decode(new Uint8Array([3, 1])))
    assert.throws(() => spec().decode(new Uint8Array()))

    const fork = await honest(context, author, 'other')
    assert.equal(await judge(1, fork.bytes, author.peer), 'ignore author-convicted')
    assert.deepEqual(log.equivocators(), [author.peer])
    const proof = proveFork(envelopes[0]!, fork).bytes
    assert.equal(await judge(2, proof, mallory.peer), 'ignore known')
    const other = newSigner()
    const [x, y] = [await honest(context, other, 'x'), await honest(context, other, 'y')]
    assert.equal(await judge(2, proveFork(x, y).bytes, mallory.peer), 'accept')
    assert.equal(await judge(1, x.bytes, other.peer), 'ignore author-convicted')
  })

  it('forwards, once, what had come by stream before', async (t) => {
    const { log, judge, self, network } = await startJudge(t)
    const author = newSigner()
    const [envelope] = await chain(context, author, ['a'])
    const request = encodeRequest({ kind: 'push', jobId: JOB, proofs: [], envelopes: [envelope!.bytes] })
    for await (const _ of network.peer(newSigner().peer).streams.request(self, LOG_SYNC, request));
    assert.equal(viewOf(log).length, 1)
    assert.equal(await judge(1, envelope!.bytes, author.peer), 'accept')
    assert.equal(await judge(1, envelope!.bytes, author.peer), 'ignore known')
  })

  it('puts appends of one moment into one message, and a long list into one that makes others ask', async (t) => {
    const network = createFakeNetwork()
    const peers = await startPeers(3, network)
    t.after(() => Promise.all(peers.map(({ replica }) => replica.stop())))
    const [a, b, c] = await Promise.all(peers.map(({ replica }) => replica.open(JOB)))
    await Promise.all(Array.from({ length: 40 }, (_, i) => a!.append([record(`one/${i}`)])))
    await Promise.all([hasEntries(b!, 40), hasEntries(c!, 40)])
    assert.equal(network.counts.published, 1)
    await a!.append(Array.from({ length: 5000 }, (_, i) => record(`two/${i}`)))
    await Promise.all([hasEntries(b!, 5040), hasEntries(c!, 5040)])
    assert.equal(network.counts.published, 2)
    assert.deepEqual(viewOf(b!), viewOf(a!))
  })
})
