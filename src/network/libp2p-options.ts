import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { gossipsub } from '@libp2p/gossipsub'
import { identify, identifyPush } from '@libp2p/identify'
import type { ConnectionGater, PrivateKey } from '@libp2p/interface'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { preSharedKey } from '@libp2p/pnet'
import type { Libp2pOptions, ServiceFactoryMap } from 'libp2p'
import { NetworkKeyError } from './errors.ts'
import { gossipOptions } from './gossip-options.ts'
import { lazyYamux } from './lazy-windows.ts'
import { MAX_STREAM_WINDOW_BYTES, type NetworkLimits } from './limits.ts'
import type { NetworkInit, Platform } from './node.ts'
import type { Penalties } from './penalties.ts'

/** A silent peer holds a negotiation so long; a slow link needs two round trips. */
const NEGOTIATION_TIMEOUT_MS = 2_000
/** After so long without being asked for again a slot is free; libp2p's clients ask five minutes before. */
const RESERVATION_MS = 900_000
/** Relayed connections of one neighbour, as many as a question about members names; and to one. */
const MAX_CIRCUITS_FROM_PEER = 16
const MAX_CIRCUITS_TO_PEER = 64
const PSK_BYTES = 32

export interface OptionsFacts {
  init: NetworkInit
  platform: Platform
  privateKey: PrivateKey
  limits: NetworkLimits
  penalties: Penalties
  gater: ConnectionGater
}

/** The services of a node, as libp2p builds them. */
export function services({ init, limits, penalties }: Pick<OptionsFacts, 'init' | 'limits' | 'penalties'>) {
  return {
    identify: identify(),
    identifyPush: identifyPush(),
    // One stream is the default; the connection monitor and the DHT ping at the same time, and the loser's connection is aborted.
    ping: ping({ maxInboundStreams: 32, maxOutboundStreams: 32 }),
    pubsub: gossipsub(gossipOptions(limits, penalties)),
    ...(init.dht === 'off'
      ? {}
      : {
          dht: kadDHT({
            protocol: '/minga/kad/1.0.0',
            clientMode: init.dht === 'client',
            // The default mappers drop private addresses: a swarm in one house would not find itself.
            peerInfoMapper: passthroughMapper,
            // The first seed of a network has nobody to ask, and would wait for ever.
            allowQueryWithZeroPeers: true,
          }),
        }),
    ...(init.relay ? { relay: relayServer(limits) } : {}),
  }
}

/** Gossip and bulk streams run on what it connects, so that it limits how many connections there are, and not what they carry. */
function relayServer({ maxConnections }: NetworkLimits) {
  return circuitRelayServer({
    maxInboundHopStreams: MAX_CIRCUITS_FROM_PEER,
    maxOutboundStopStreams: MAX_CIRCUITS_TO_PEER,
    // A slot is an entry in a map, and its peer keeps its connection in any case.
    reservations: { maxReservations: maxConnections, reservationTtl: RESERVATION_MS, applyDefaultLimit: false },
  })
}

export type Services = ReturnType<typeof services>

/** libp2p as Minga needs it. Nothing in here contacts a host that is not configured. */
export function libp2pOptions(facts: OptionsFacts): Libp2pOptions {
  const { init, platform, privateKey, limits, gater } = facts
  return {
    start: false,
    privateKey,
    ...(platform.datastore === undefined ? {} : { datastore: platform.datastore }),
    nodeInfo: { name: 'minga', version: '1' },
    addresses: { listen: init.listen, announce: init.announce ?? [] },
    // A seed relays for others and needs no relay itself.
    transports: [...platform.transports, ...(init.relay ? [] : [circuitRelayTransport()])],
    connectionEncrypters: [noise()],
    streamMuxers: [
      lazyYamux({
        maxInboundStreams: limits.maxStreamsPerConnection,
        maxOutboundStreams: 2 * limits.maxStreamsPerConnection,
        streamOptions: { maxStreamWindowSize: MAX_STREAM_WINDOW_BYTES },
      }),
    ],
    connectionManager: {
      maxConnections: limits.maxConnections,
      // The defaults (5 a second, 10 pending) refuse a crowd behind one address that comes back after a cut.
      inboundConnectionThreshold: limits.inboundConnectionsPerSecond,
      maxIncomingPendingConnections: limits.maxPendingInbound,
      // Gossipsub opened streams one after another, so three silent peers delayed an honest one by 60 s. The guard opens
      // them in parallel; this bounds what each of them holds.
      outboundStreamProtocolNegotiationTimeout: NEGOTIATION_TIMEOUT_MS,
      inboundStreamProtocolNegotiationTimeout: NEGOTIATION_TIMEOUT_MS,
    },
    // The monitor aborts connections whose ping is late, and under load everything is late: a generous floor. It must abort
    // in the end, or a peer behind a cut cable stays "connected".
    connectionMonitor: { pingInterval: 5_000, pingTimeout: { minTimeout: 10_000, maxTimeout: 30_000 } },
    connectionGater: gater,
    ...(init.pnetKey === undefined ? {} : { connectionProtector: preSharedKey({ psk: swarmKey(init.pnetKey) }) }),
    peerDiscovery: platform.peerDiscovery,
    services: services(facts) as unknown as ServiceFactoryMap,
  }
}

/** The text form that libp2p reads, from 32 raw bytes, their 64 hexadecimal digits, or such a text. */
function swarmKey(key: Uint8Array): Uint8Array {
  const text = new TextDecoder().decode(key)
  const isRaw = key.byteLength === PSK_BYTES
  const hex = isRaw
    ? Array.from(key, (byte) => byte.toString(16).padStart(2, '0')).join('')
    : /^(?:\/key\/swarm\/psk\/1\.0\.0\/\r?\n\/base16\/\r?\n)?([0-9a-f]{64})\s*$/i.exec(text)?.[1]
  if (hex === undefined) throw new NetworkKeyError()
  return new TextEncoder().encode(`/key/swarm/psk/1.0.0/\n/base16/\n${hex}\n`)
}
