import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { GossipInternals } from '../../src/network/gossip-guard.ts'
import { connect, startGossiper, startSilentGossiper } from './hostile.ts'
import { startNode, startSwarm, textSpec, until, withPeers } from './support.ts'

describe('a mesh on one machine', () => {
  it('carries every message of five peers to all others, through a seed that they met at', async (t) => {
    const { peers } = await startSwarm(t, 5)
    const spec = textSpec('minga/1/jobs')
    const channels = await Promise.all(peers.map((peer) => peer.channels.join(spec)))
    await Promise.all(channels.map((channel) => withPeers(channel, 4)))
    const heard = channels.map(() => new Set<string>())
    const all = Promise.withResolvers<void>()
    for (const [index, channel] of channels.entries()) {
      channel.subscribe((message, from) => {
        heard[index]?.add(`${from} ${message}`)
        if (heard.every((set) => set.size === 4 * 20)) all.resolve()
      })
    }
    for (let round = 0; round < 20; round++) await Promise.all(channels.map((channel) => channel.publish(String(round))))
    await all.promise
    // Peers that score each other down for sharing an address would deliver nothing.
    assert.ok(heard.every((set) => set.size === 80))
  })

  it('lets members of a topic find each other through a seed that is not in it', async (t) => {
    const { seed, peers } = await startSwarm(t, 3)
    const spec = textSpec('minga/1/job/abc/0')
    const first = await peers[0]!.channels.join(spec)
    const second = await peers[1]!.channels.join(spec)
    const third = await peers[2]!.channels.join(spec)
    await Promise.all([first, second, third].map((channel) => withPeers(channel, 2)))
    assert.ok(peers[0]!.peers().includes(peers[2]!.self), 'dialled, not only heard of')
    assert.ok(seed.peers().length >= 3)
    const message = new Promise<string>((resolve) => third.subscribe(resolve))
    await first.publish('direct')
    assert.equal(await message, 'direct')
  })

  it('joins at once when it is alone, and within its timeout when the seed is away', async (t) => {
    const alone = await startNode(t)
    await alone.channels.join(textSpec('minga/1/alone'))
    const lost = await startNode(t, { bootstrap: ['/ip4/127.0.0.1/tcp/1'], limits: { joinTimeoutMs: 100 } })
    const startedAt = performance.now()
    const channel = await lost.channels.join(textSpec('minga/1/lost'))
    assert.ok(performance.now() - startedAt < 2_000)
    await channel.publish('anybody?')
    await assert.rejects(lost.waitForBootstrap({ timeoutMs: 50 }), { name: 'BootstrapUnreachableError', exitCode: 3 })
  })

  it('lets a peer that has just left a topic back in at once, and asks for a pause of a second', { timeout: 10_000 }, async (t) => {
    const guest = await startNode(t, { limits: { joinTimeoutMs: 60_000 } })
    const { node, gossip } = await startGossiper(t)
    const { backoff, getMeshPeers } = gossip as unknown as GossipInternals
    const spec = textSpec('minga/1/jobs')
    gossip.subscribe(spec.topic)
    await connect(node, guest)
    const first = await guest.channels.join(spec)
    const isLinked = () => getMeshPeers.call(gossip, spec.topic).includes(guest.self)
    await until(isLinked, (check) => {
      gossip.addEventListener('gossipsub:graft', check)
      return () => {}
    })
    const heard = new Promise<void>((resolve) => first.subscribe(() => resolve()))
    await gossip.publish(spec.topic, new TextEncoder().encode('linked'))
    await heard
    const pruned = new Promise<void>((resolve) => gossip.addEventListener('gossipsub:prune', () => resolve()))
    await first.close()
    await pruned
    assert.ok((backoff.get(spec.topic)?.get(guest.self) as number) - Date.now() <= 1_000)
    await guest.channels.join(spec)
  })

  it('serves an honest newcomer while three peers fall silent in the midst of opening gossip', async (t) => {
    const host = await startNode(t)
    const channel = await host.channels.join(textSpec('minga/1/jobs'))
    for (let index = 0; index < 3; index++) await connect(await startSilentGossiper(t), host)
    const honest = await startGossiper(t)
    honest.gossip.subscribe('minga/1/jobs')
    const startedAt = performance.now()
    await connect(honest.node, host)
    const heard = new Promise<void>((resolve) => channel.subscribe(() => resolve()))
    await until(
      () => honest.gossip.getSubscribers('minga/1/jobs').length > 0,
      (check) => {
        honest.gossip.addEventListener('subscription-change', check)
        return () => {}
      },
    )
    await honest.gossip.publish('minga/1/jobs', new TextEncoder().encode('hello'))
    await heard
    // One after another, the three would take the whole negotiation timeout each.
    assert.ok(performance.now() - startedAt < 1_900, `took ${performance.now() - startedAt} ms`)
  })
})

describe('ways to reach a peer', () => {
  it('by WebSocket', async (t) => {
    const server = await startNode(t, { listen: ['/ip4/127.0.0.1/tcp/0/ws'] })
    const client = await startNode(t, { listen: [] })
    assert.equal(await client.dial(server.addresses()[0] as string), server.self)
    assert.deepEqual(client.addresses(), [])
  })

  it('by its id alone, through the DHT of the seed', async (t) => {
    const seed = await startNode(t, { dht: 'server' })
    const peers = await Promise.all([1, 2].map(() => startNode(t, { dht: 'server', bootstrap: seed.addresses() })))
    await Promise.all(peers.map((peer) => peer.waitForBootstrap({ timeoutMs: 5_000 })))
    const { self } = peers[1]!
    // Routing tables fill after identify, without an event.
    const signal = AbortSignal.timeout(10_000)
    let found: string | undefined
    while (found === undefined) {
      signal.throwIfAborted()
      found = await peers[0]!.dial(self, { signal }).catch(() => undefined)
      await setImmediate()
    }
    assert.equal(found, self)
  })

  it('says what is wrong with a target', async (t) => {
    const peer = await startNode(t)
    await assert.rejects(peer.dial('/ip4/127.0.0.1/nonsense'), { name: 'BadMultiaddrError', exitCode: 2 })
    await assert.rejects(peer.dial('/ip4/127.0.0.1/tcp/1'), { name: 'PeerUnreachableError', exitCode: 3 })
    await assert.rejects(peer.dial('not a peer'), { name: 'PeerUnreachableError' })
    await assert.rejects(peer.dial('/ip4/169.254.169.254/tcp/80'), { name: 'PeerUnreachableError' })
    const reason = new Error('enough')
    await assert.rejects(peer.dial('/ip4/127.0.0.1/tcp/1', { signal: AbortSignal.abort(reason) }), reason)
    await assert.rejects(startNode(t, { listen: ['/ip4/203.0.113.1/tcp/1'] }), { name: 'ListenFailedError' })
    await assert.rejects(startNode(t, { bootstrap: ['127.0.0.1:4001'] }), { name: 'BadMultiaddrError' })
    await assert.rejects(startNode(t, { privateKey: new Uint8Array(31) }), { name: 'IdentityFileError' })
  })

  it('ends its addresses in its id, tells who comes and goes, and stops once', async (t) => {
    const [a, b] = await Promise.all([startNode(t), startNode(t)])
    for (const address of a.addresses()) assert.ok(address.endsWith(`/p2p/${a.self}`))
    const changes: string[] = []
    const connected = new Promise<void>((resolve) => a.onPeer((_peer, change) => change === 'connected' && resolve()))
    const gone = new Promise<void>((resolve) => a.onPeer((_peer, change) => change === 'disconnected' && resolve()))
    a.onPeer((peer, change) => changes.push(`${change} ${peer}`))
    await b.dial(a.addresses()[0] as string)
    await connected
    await Promise.all([b.stop(), b.stop()])
    await b.stop()
    await gone
    assert.deepEqual(changes, [`connected ${b.self}`, `disconnected ${b.self}`])
    await assert.rejects(b.channels.join(textSpec('minga/1/late')), { name: 'ChannelClosedError' })
  })
})
