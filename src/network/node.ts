import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { GossipSub } from '@libp2p/gossipsub'
import type { Libp2p, PeerDiscovery, Transport } from '@libp2p/interface'
import type { KadDHT } from '@libp2p/kad-dht'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import { type Logger, silentLogger } from '../log.ts'
import type { Abortable, Network, PeerId } from '../ports.ts'
import { parseMultiaddr } from './addresses.ts'
import { keepAnchors } from './anchors.ts'
import { type BootstrapKeeper, keepBootstrapped, type WaitForBootstrap } from './bootstrap.ts'
import { createChannels } from './channel.ts'
import { dialDiscovered } from './discovered.ts'
import { watchForEclipse } from './eclipse-alarm.ts'
import { IdentityFileError, ListenFailedError, PeerUnreachableError } from './errors.ts'
import { createGater } from './gater.ts'
import { type GossipInternals, guardGossip } from './gossip-guard.ts'
import { keepGossipRepaired } from './gossip-repair.ts'
import { libp2pOptions } from './libp2p-options.ts'
import { defaultLimits, type NetworkLimits } from './limits.ts'
import { createMembers } from './members.ts'
import { createPenalties } from './penalties.ts'
import { keepReservations } from './reservations.ts'
import { createStreams } from './streams.ts'
import { createSubnetSlots, sourceOf } from './subnets.ts'

/** What differs between Node and a browser: `nodePlatform()` and `webPlatform()` build it. */
export interface Platform {
  // biome-ignore lint/suspicious/noExplicitAny: each factory asks libp2p for components of its own choice
  transports: ((components: any) => Transport)[]
  // biome-ignore lint/suspicious/noExplicitAny: as above
  peerDiscovery: ((components: any) => PeerDiscovery)[]
  datastore?: NonNullable<Libp2pOptions['datastore']>
  /** Closes what the platform opened; called after libp2p stopped. */
  stop?: () => Promise<void>
}

export interface NetworkComponents {
  platform: Platform
  log?: Logger
}

export interface NetworkInit {
  /** The 32-byte Ed25519 secret (RFC 8032 seed): `identity.privateKey`. */
  privateKey: Uint8Array
  /** Multiaddrs to listen on; empty for a peer that only dials. */
  listen: string[]
  /** Multiaddrs to tell others instead of those listened on. */
  announce?: string[]
  /** Multiaddrs of bootstrap nodes, dialled at once and for ever. Nobody else is contacted unasked. */
  bootstrap: string[]
  /** A client's: that no bootstrap node answers ends its work, and is told there. @default false */
  bootstrapOnce?: boolean
  dht: 'server' | 'client' | 'off'
  /** Relays for peers that nobody can dial: seeds. @default false */
  relay?: boolean
  /** Takes a slot at the relays of its bootstrap nodes, for peers that cannot dial it. @default false */
  reserve?: boolean
  /** Makes the network private: 32 bytes, or the text of a swarm.key file. */
  pnetKey?: Uint8Array
  limits?: Partial<NetworkLimits>
  /** How long a connection lasts before the peer counts as an anchor. @default one minute */
  anchorAfterMs?: number
}

/** The Network port, and what only the composition root may touch. */
export interface MingaNetwork extends Network {
  /** For adapters that speak libp2p themselves (bitswap). */
  readonly libp2p: Libp2p
  /** Resolves when one bootstrap node is connected. Throws BootstrapUnreachableError after `timeoutMs`; with `once`, when each was dialled in vain. */
  waitForBootstrap(options: WaitForBootstrap): Promise<void>
  /** The network that a connected peer comes from; undefined where that says nothing about owners. */
  networkOf(peer: PeerId): string | undefined
}

/**
 * A started node. Throws BadMultiaddrError, IdentityFileError, NetworkKeyError, ListenFailedError; bootstrap nodes that do not
 * answer are no error here.
 */
export async function createNetwork(components: NetworkComponents, init: NetworkInit): Promise<MingaNetwork> {
  try {
    return await startNetwork(components, init)
  } catch (error) {
    await components.platform.stop?.()
    throw error
  }
}

async function startNetwork(components: NetworkComponents, init: NetworkInit): Promise<MingaNetwork> {
  const log = components.log ?? silentLogger
  const { platform } = components
  const limits = { ...defaultLimits, ...init.limits }
  const nowMs = () => performance.now()
  const bootstrap = init.bootstrap.map(parseMultiaddr)
  for (const address of [...init.listen, ...(init.announce ?? [])]) parseMultiaddr(address)
  const privateKey = await generateKeyPairFromSeed('Ed25519', init.privateKey).catch((error: unknown) => {
    throw new IdentityFileError('the configuration', 'bad-key', 'no 32-byte Ed25519 secret', error)
  })

  const penalties = createPenalties({
    nowMs,
    onBan: (peer) => {
      log.warn('peer banned for its messages', { peer })
      libp2p.hangUp(peerIdFromString(peer)).catch(() => {})
    },
  })
  const gater = createGater({ limits, penalties, connections: () => libp2p.getConnections() })
  const libp2p: Libp2p = await createLibp2p(libp2pOptions({ init, platform, privateKey, limits, penalties, gater }))
  const services = libp2p.services as unknown as { pubsub: GossipSub & GossipInternals; dht?: KadDHT }
  const gossip = services.pubsub
  guardGossip(gossip, { limits, penalties, nowMs })
  const slots = createSubnetSlots({ ...limits, connections: () => libp2p.getConnections() })
  dialDiscovered(libp2p, slots, log)
  // Gossipsub hears of it by way of the peer store, later, and not of peers that never said what they speak: it would keep their topics.
  libp2p.addEventListener('peer:disconnect', ({ detail }) => gossip.onPeerDisconnected(detail))

  try {
    await libp2p.start()
  } catch (error) {
    await Promise.resolve(libp2p.stop()).catch(() => {})
    throw new ListenFailedError(init.listen, error)
  }
  // kad-dht stays a client until a public address is confirmed; who is told to serve serves.
  if (init.dht === 'server') await services.dht?.setMode('server')

  const self = libp2p.peerId.toString()
  const keeper = keepBootstrapped(libp2p, bootstrap, log.child('bootstrap'), init.bootstrapOnce)
  const streams = createStreams({ libp2p, log: log.child('streams') })
  const members = await createMembers({
    libp2p,
    streams,
    slots,
    nowMs,
    log: log.child('members'),
    subscribersOf: (topic) => gossip.getSubscribers(topic).map(String),
  })
  const onPeer: Network['onPeer'] = (listener) => onConnections(libp2p, listener, log)
  const channels = createChannels({
    self,
    gossip,
    members,
    penalties,
    limits,
    keeper,
    nowMs,
    log: log.child('channels'),
    acquaintances: () => acquaintances(libp2p, keeper),
    onDisconnected: (listener) => onPeer((peer, change) => change === 'disconnected' && listener(peer)),
  })
  const stopReserving = init.reserve ? keepReservations(libp2p, keeper, log.child('reservations')) : () => {}
  const stopRepairing = keepGossipRepaired(libp2p, gossip)
  const anchors = keepAnchors(libp2p, {
    isBanned: penalties.isBanned,
    log: log.child('anchors'),
    ...(init.anchorAfterMs !== undefined && { anchorAfterMs: init.anchorAfterMs }),
  })
  const alarm = watchForEclipse(libp2p, { bootstrap, log })

  let stopped: Promise<void> | undefined
  const stop = async () => {
    stopRepairing()
    stopReserving()
    alarm.stop()
    anchors.stop()
    keeper.stop()
    await channels.stop()
    await members.stop().catch(() => {})
    try {
      await libp2p.stop()
    } finally {
      await platform.stop?.()
    }
  }

  return {
    self,
    publicKey: privateKey.publicKey.raw,
    channels,
    streams,
    libp2p,
    addresses: () => libp2p.getMultiaddrs().map(String),
    peers: () => libp2p.getPeers().map(String),
    onPeer,
    dial: (target, options) => dial(libp2p, target, options),
    waitForBootstrap: (options) => keeper.waitForAny(options),
    networkOf: (peer) => sourceOf(libp2p.getConnections().filter(({ remotePeer }) => remotePeer.toString() === peer)),
    stop: () => (stopped ??= stop()),
  }
}

async function dial(libp2p: Libp2p, target: string, options: Abortable = {}): Promise<PeerId> {
  options.signal?.throwIfAborted()
  try {
    const to = target.startsWith('/') ? parseMultiaddr(target) : peerIdFromString(target)
    const connection = await libp2p.dial(to as Multiaddr, options)
    return connection.remotePeer.toString()
  } catch (error) {
    if (options.signal?.aborted) throw options.signal.reason
    if (error instanceof Error && error.name === 'BadMultiaddrError') throw error
    throw new PeerUnreachableError(target, error)
  }
}

function onConnections(libp2p: Libp2p, listener: (peer: PeerId, change: 'connected' | 'disconnected') => void, log: Logger): () => void {
  const call = (change: 'connected' | 'disconnected') => (event: CustomEvent<{ toString(): string }>) => {
    try {
      listener(event.detail.toString(), change)
    } catch (error) {
      log.error('listener of the network failed', { error })
    }
  }
  const connected = call('connected')
  const disconnected = call('disconnected')
  libp2p.addEventListener('peer:connect', connected)
  libp2p.addEventListener('peer:disconnect', disconnected)
  return () => {
    libp2p.removeEventListener('peer:connect', connected)
    libp2p.removeEventListener('peer:disconnect', disconnected)
  }
}

/** Bootstrap nodes first: they see the most topics. */
function acquaintances(libp2p: Libp2p, keeper: BootstrapKeeper): PeerId[] {
  return [...new Set([...keeper.connected(), ...libp2p.getPeers().map(String)])]
}
