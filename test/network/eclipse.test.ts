/** FAULTS 41, in one process: what keeps a stranger from being all that a peer is connected to. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import type { Connection, Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { type Logger, silentLogger } from '../../src/log.ts'
import { watchForEclipse } from '../../src/network/eclipse-alarm.ts'
import { createSubnetSlots, sourceOf, subnetOf } from '../../src/network/subnets.ts'
import { startNode, until } from './support.ts'

const at = (ip: string, port = 4617) => multiaddr(`/${ip.includes(':') ? 'ip6' : 'ip4'}/${ip}/tcp/${port}`)
const connection = (ip: string, direction: Connection['direction'] = 'outbound') =>
  ({ direction, remoteAddr: at(ip), remotePeer: ip }) as unknown as Connection

describe('subnets', () => {
  it('are a /24 of IPv4 and a /48 of IPv6, however it is written', () => {
    assert.equal(subnetOf(at('198.51.100.7')), '198.51.100.0/24')
    assert.equal(subnetOf(at('2001:db8:1:2::3')), '2001:db8:1::/48')
    assert.equal(subnetOf(at('2001:0DB8:0001::')), '2001:db8:1::/48')
    assert.equal(subnetOf(at('2001:db8::1')), '2001:db8:0::/48')
  })

  it('say nothing of this machine, private networks, names and relays', () => {
    for (const ip of ['127.0.0.1', '10.1.2.3', '192.168.1.2', '100.64.0.1', '::1', 'fd00::1']) assert.equal(subnetOf(at(ip)), undefined, ip)
    assert.equal(subnetOf(multiaddr('/dns4/example.org/tcp/1')), undefined)
    assert.equal(
      subnetOf(multiaddr('/ip4/198.51.100.7/tcp/1/p2p/12D3KooWKtyRe1LxY2z1c1vzSvZe4cto58eAQQPbewKPqyEYgqUu/p2p-circuit')),
      undefined,
    )
  })

  it('tells where a peer comes from: a public network, the relays, or nothing', () => {
    const from = (...addresses: string[]) => sourceOf(addresses.map((address) => ({ remoteAddr: multiaddr(address) })))
    const relayed = '/ip4/198.51.100.7/tcp/1/p2p/12D3KooWKtyRe1LxY2z1c1vzSvZe4cto58eAQQPbewKPqyEYgqUu/p2p-circuit'
    assert.equal(from('/ip4/198.51.100.7/tcp/1'), '198.51.100.0/24')
    assert.equal(from(relayed, '/ip4/198.51.100.7/tcp/1'), '198.51.100.0/24')
    assert.equal(from(relayed), 'relay/0')
    assert.deepEqual([from('/ip4/10.0.0.1/tcp/1'), from()], [undefined, undefined])
  })
})

describe('slots', () => {
  it('are bounded by subnet, dials under way included; others’ dials to us do not count', () => {
    const open = [connection('198.51.100.1'), connection('198.51.100.2', 'inbound')]
    const slots = createSubnetSlots({ maxOutboundPerSubnet: 3, connections: () => open })
    const taken = [slots.take([at('198.51.100.3')]), slots.take([at('198.51.100.4'), at('198.51.100.5')])]
    assert.deepEqual(
      taken.map(({ addresses }) => addresses.length),
      [1, 2],
    )
    assert.deepEqual(slots.take([at('198.51.100.6')]).addresses, [])
    assert.deepEqual(slots.take([at('198.51.100.6'), at('203.0.113.1')]).addresses, [at('203.0.113.1')])
    taken[0]?.done()
    taken[0]?.done()
    assert.equal(slots.take([at('198.51.100.6')]).addresses.length, 1)
    assert.deepEqual(slots.take([at('198.51.100.7')]).addresses, [])
  })

  it('count what goes through a relay as the relay’s own, whatever address it is given', () => {
    const relay = '12D3KooWKtyRe1LxY2z1c1vzSvZe4cto58eAQQPbewKPqyEYgqUu'
    const through = (address: string) => multiaddr(`${address}/p2p/${relay}/p2p-circuit`)
    const open = [{ direction: 'outbound', remoteAddr: at('198.51.100.1'), remotePeer: relay } as unknown as Connection]
    const slots = createSubnetSlots({ maxOutboundPerSubnet: 3, connections: () => open })
    open.push({ ...connection('192.0.2.200'), remoteAddr: through('/ip4/10.0.0.1/tcp/1') })
    assert.equal(slots.take([through('/ip4/203.0.113.9/tcp/1')]).addresses.length, 1)
    assert.deepEqual(slots.take([through('/ip4/192.0.2.9/tcp/1')]).addresses, [])
    assert.deepEqual(slots.take([at('198.51.100.2')]).addresses, [])
  })

  it('are as many as one likes in a private network', () => {
    const slots = createSubnetSlots({ maxOutboundPerSubnet: 1, connections: () => [connection('192.168.0.2')] })
    for (let host = 3; host < 20; host++) assert.equal(slots.take([at(`192.168.0.${host}`)]).addresses.length, 1)
  })
})

describe('the alarm', () => {
  const start = (t: { after(stop: () => void): void }, ips: string[], known: string[]) => {
    const lines: string[] = []
    const heard = new EventTarget()
    const hear = (level: string) => () => {
      lines.push(level)
      heard.dispatchEvent(new Event('line'))
    }
    const log: Logger = { ...silentLogger, warn: hear('warn'), info: hear('info') }
    const libp2p = {
      getPeers: () => ips,
      getConnections: () => ips.map((ip) => connection(ip)),
      peerStore: { all: async () => known.map((ip) => ({ addresses: [{ multiaddr: at(ip) }] })) },
    } as unknown as Libp2p
    const alarm = watchForEclipse(libp2p, { bootstrap: [], settleMs: 40, log })
    t.after(() => alarm.stop())
    return { alarm, libp2p, lines, next: () => once(heard, 'line'), ips, known }
  }

  it('rings once where all neighbours lie in one subnet and others are known, and says when it is over', async (t) => {
    const { alarm, lines, next, ips } = start(t, ['198.51.100.1', '198.51.100.2', '198.51.100.3'], ['203.0.113.1'])
    await next()
    assert.deepEqual(lines, ['warn'])
    assert.equal(alarm.subnet(), '198.51.100.0/24')
    ips.push('203.0.113.1')
    await next()
    assert.deepEqual(lines, ['warn', 'info'])
    assert.equal(alarm.subnet(), undefined)
  })

  it('is not silenced by those that come through a relay', async (t) => {
    const { ips, libp2p, next } = start(t, ['198.51.100.1', '198.51.100.2', '198.51.100.3'], ['203.0.113.1'])
    const circuit = multiaddr('/ip4/203.0.113.1/tcp/1/p2p/12D3KooWKtyRe1LxY2z1c1vzSvZe4cto58eAQQPbewKPqyEYgqUu/p2p-circuit')
    const relayed = { ...connection('192.0.2.200'), remoteAddr: circuit }
    libp2p.getConnections = () => [...ips.map((ip) => connection(ip)), relayed]
    await next()
  })

  it('does not ring for a small network, for one that has nobody else, and at home', async (t) => {
    const quiet = [
      start(t, ['198.51.100.1', '198.51.100.2'], ['203.0.113.1']),
      start(t, ['198.51.100.1', '198.51.100.2', '198.51.100.3'], ['198.51.100.4']),
      start(t, ['192.168.0.1', '192.168.0.2', '192.168.0.3'], ['203.0.113.1']),
      start(t, ['198.51.100.1', '198.51.100.2', '192.168.0.3'], ['203.0.113.1']),
    ]
    // One that rings, started last, is heard first where the others keep quiet.
    await start(t, ['198.51.100.1', '198.51.100.2', '198.51.100.3'], ['203.0.113.1']).next()
    for (const { lines } of quiet) assert.deepEqual(lines, [])
  })
})

describe('an anchor', () => {
  it('is called again when it is back, though nobody names it', async (t) => {
    const kept = Promise.withResolvers<void>()
    const log: Logger = { ...silentLogger, debug: (message) => message === 'keeps an anchor' && kept.resolve(), child: () => log }
    const peer = await startNode(t, { anchorAfterMs: 50, log })
    const privateKey = randomBytes(32)
    const old = await startNode(t, { privateKey })
    await peer.dial(old.addresses()[0] as string)
    await kept.promise
    const listen = old.addresses().map((address) => address.replace(/\/p2p\/.*/, ''))
    await old.stop()
    await startNode(t, { privateKey, listen })
    await until(
      () => peer.peers().includes(old.self),
      (check) => peer.onPeer(check),
    )
  })
})
