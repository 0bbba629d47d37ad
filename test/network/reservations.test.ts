import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { it } from 'node:test'
import { peerIdFromString } from '@libp2p/peer-id'
import type { MingaNetwork } from '../../src/network/node.ts'
import type { PeerId } from '../../src/ports.ts'
import { startNode, textSpec, withPeers } from './support.ts'

const TOPIC = 'minga/1/job/slots'
/** Nobody can dial them. */
const CLOSED = { listen: [], reserve: true }

it('two that nobody can dial hear each other through the relay of their bootstrap node', async (t) => {
  const seed = await startNode(t, { relay: true })
  const [one, other] = await Promise.all([0, 1].map(() => startNode(t, { ...CLOSED, bootstrap: seed.addresses() })))
  assert.ok(one && other)
  const channels = await Promise.all([one, other].map((node) => node.channels.join(textSpec(TOPIC))))
  const [sender, receiver] = channels
  assert.ok(sender && receiver)
  // The relay is not in the topic: whom a channel knows is at the other end.
  await Promise.all(channels.map((channel) => withPeers(channel, 1)))
  assert.deepEqual(sender.peers(), [other.self])
  const heard = new Promise<[string, string]>((resolve) => receiver.subscribe((text, from) => resolve([text, from])))
  await sender.publish('hello')
  assert.deepEqual(await heard, ['hello', one.self])
  const [connection] = one.libp2p.getConnections().filter(({ remotePeer }) => remotePeer.toString() === other.self)
  // What is limited carries neither gossip nor streams.
  assert.equal(connection?.limits, undefined)
})

it('a slot is taken anew at a bootstrap node that comes back', async (t) => {
  const privateKey = randomBytes(32)
  const first = await startNode(t, { relay: true, privateKey })
  const bootstrap = first.addresses()
  const listen = bootstrap.map((address) => address.replace(/\/p2p\/.*/, ''))
  let seed = first
  const node = await startNode(t, { ...CLOSED, bootstrap })
  // Twice, and at once: the node's addresses are soon what they were, and all the same the seed must hear of them.
  for (const _ of [1, 2]) {
    await hearsOfSlot(seed, node.self)
    await seed.stop()
    seed = await startNode(t, { relay: true, privateKey, listen })
  }
  await hearsOfSlot(seed, node.self)
})

it('who does not ask for it takes no slot', async (t) => {
  const seed = await startNode(t, { relay: true })
  const node = await startNode(t, { listen: [], bootstrap: seed.addresses() })
  await node.waitForBootstrap({ timeoutMs: 5_000 })
  await node.channels.join(textSpec(TOPIC))
  assert.deepEqual(node.addresses(), [])
})

/** Resolves when `seed` knows an address of the peer that leads through a relay. */
async function hearsOfSlot({ libp2p }: MingaNetwork, peer: PeerId): Promise<void> {
  const knows = async () => {
    const known = await libp2p.peerStore.get(peerIdFromString(peer)).catch(() => undefined)
    return known?.addresses.some(({ multiaddr }) => multiaddr.toString().endsWith('/p2p-circuit')) ?? false
  }
  for (;;) {
    const changed = once(libp2p as unknown as EventTarget, 'peer:update')
    if (await knows()) return
    await changed
  }
}
