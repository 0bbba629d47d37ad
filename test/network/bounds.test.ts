import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { mayDial, parseMultiaddr, peerOf, type Scope, scopeOf } from '../../src/network/addresses.ts'
import { type GossipInternals, type GossipRpc, guardGossip } from '../../src/network/gossip-guard.ts'
import { defaultLimits, MAX_GOSSIP_BYTES, MAX_RPC_BYTES } from '../../src/network/limits.ts'
import { createPenalties } from '../../src/network/penalties.ts'
import { TokenBucket, TokenBuckets } from '../../src/network/token-bucket.ts'

describe('a token bucket', () => {
  it('allows the burst, then the rate, and never more than the burst again', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 5 }, 0)
    assert.equal([1, 2, 3, 4, 5, 6].filter(() => bucket.take(1, 0)).length, 5)
    assert.equal(bucket.take(1, 99), false)
    assert.equal(bucket.take(1, 200), true)
    assert.equal([1, 2, 3, 4, 5, 6].filter(() => bucket.take(1, 1_000_000)).length, 5)
  })

  it('forgets the key used longest ago', () => {
    const buckets = new TokenBuckets({ perSecond: 0, burst: 1, maxKeys: 2 })
    assert.deepEqual(
      ['a', 'b', 'a', 'c', 'a', 'b'].map((key) => buckets.take(key, 1, 0)),
      [true, true, false, true, false, true],
    )
  })
})

describe('penalties', () => {
  it('forgive little, graylist for a dozen, ban for a hundred, and fade', () => {
    let nowMs = 0
    const banned: string[] = []
    const penalties = createPenalties({ nowMs: () => nowMs, onBan: (peer) => banned.push(peer) })
    penalties.add('p', 3)
    assert.equal(penalties.score('p'), 0)
    penalties.add('p', 9)
    assert.ok(penalties.score('p') <= -80)
    for (let count = 0; count < 200; count++) penalties.add('p', 1)
    assert.deepEqual(banned, ['p'])
    assert.equal(penalties.isBanned('p'), true)
    assert.equal(penalties.isBanned('q'), false)
    nowMs = 61_000
    assert.equal(penalties.isBanned('p'), false)
    nowMs = 300_000
    assert.equal(penalties.score('p'), 0)
  })

  it('remember a bounded number of peers', () => {
    const penalties = createPenalties({ nowMs: () => 0, onBan: () => {} })
    penalties.add('first', 50)
    for (let index = 0; index < 5_000; index++) penalties.add(String(index), 1)
    assert.equal(penalties.score('first'), 0)
  })
})

describe('addresses', () => {
  const scopes: [string, Scope][] = [
    ['/ip4/127.0.0.1/tcp/1', 'loopback'],
    ['/ip6/::1/tcp/1', 'loopback'],
    ['/ip4/10.1.2.3/tcp/1', 'private'],
    ['/ip4/172.16.0.1/tcp/1', 'private'],
    ['/ip4/192.168.1.1/tcp/1', 'private'],
    ['/ip6/fd00::1/tcp/1', 'private'],
    ['/ip4/203.0.113.7/tcp/1', 'public'],
    ['/ip6/2001:db8::1/tcp/1', 'public'],
    ['/ip4/169.254.169.254/tcp/80', 'never'],
    ['/ip4/0.0.0.0/tcp/1', 'never'],
    ['/ip4/224.0.0.1/tcp/1', 'never'],
    ['/ip6/fe80::1/tcp/1', 'never'],
    ['/ip6/::/tcp/1', 'never'],
    ['/ip6/::ffff:7f00:1/tcp/1', 'never'],
    ['/dns4/example.org/tcp/443/wss', 'name'],
    ['/dnsaddr/example.org', 'name'],
    ['/unix/tmp', 'never'],
    ['/ip4/203.0.113.7/tcp/1/p2p/12D3KooWAHoEkEqnKzM5PXFygh2movVBCSX3k8tDsT2cneU68Gyt/p2p-circuit', 'relay'],
  ]
  it('know how far they reach', () => {
    assert.deepEqual(
      scopes.map(([address]) => scopeOf(multiaddr(address))),
      scopes.map(([, scope]) => scope),
    )
  })

  it('of strangers lead nowhere inside', () => {
    const told: Scope[] = ['loopback', 'private', 'public', 'name', 'relay', 'never']
    const allowed = (teller: Scope) => told.filter((scope) => mayDial(scope, teller))
    assert.deepEqual(allowed('public'), ['public', 'relay'])
    assert.deepEqual(allowed('private'), ['private', 'public', 'relay'])
    assert.deepEqual(allowed('loopback'), ['loopback', 'private', 'public', 'relay'])
  })

  it('are refused with their text, shortened', () => {
    assert.throws(
      () => parseMultiaddr('x'.repeat(1_000_000)),
      (error: Error) => error.name === 'BadMultiaddrError' && error.message.length < 400,
    )
    assert.equal(peerOf(multiaddr('/ip4/1.2.3.4/tcp/1')), undefined)
  })
})

describe('the guard of gossip', () => {
  it('splits what no receiver would take, and refuses a gossipsub that it does not know', () => {
    const sent: GossipRpc[] = []
    const gossip = {
      score: { rejectInvalidMessage() {} },
      backoff: new Map(),
      getMeshPeers: () => [],
      handleReceivedRpc: async () => {},
      createOutboundStream: async () => {},
      onPeerConnected() {},
      onPeerDisconnected() {},
      sendRpc: (_peer: string, rpc: GossipRpc) => sent.push(rpc) > 0,
    } as unknown as GossipInternals
    const facts = { limits: defaultLimits, penalties: createPenalties({ nowMs: () => 0, onBan() {} }), nowMs: () => 0 }
    guardGossip(gossip, facts)
    const message = { topic: 'minga/1/jobs', data: new Uint8Array(MAX_GOSSIP_BYTES) }
    gossip.sendRpc('p', { subscriptions: [], messages: Array.from({ length: 20 }, () => message), control: { graft: [] } })
    assert.equal(sent.flatMap(({ messages }) => messages).length, 20)
    assert.ok(sent.every(({ messages }) => messages.length * MAX_GOSSIP_BYTES < MAX_RPC_BYTES))
    assert.equal(sent.filter(({ control }) => control !== undefined).length, 1)
    sent.length = 0
    gossip.sendRpc('p', { subscriptions: [{ topic: 'minga/1/jobs', subscribe: true }], messages: [] })
    assert.equal(sent.length, 1)
    assert.throws(() => guardGossip({} as GossipInternals, facts), TypeError)
  })
})
