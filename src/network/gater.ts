import type { Connection, ConnectionGater } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { hostOf, scopeOf } from './addresses.ts'
import type { NetworkLimits } from './limits.ts'
import type { Penalties } from './penalties.ts'

export interface GaterInit {
  limits: NetworkLimits
  penalties: Penalties
  /** All connections open now. */
  connections: () => readonly Connection[]
}

/** Who may connect: not the banned, not too many of one address or one peer; and we dial no link-local or multicast address. */
export function createGater({ limits, penalties, connections }: GaterInit): ConnectionGater {
  const fromHost = (address: Multiaddr) => {
    const host = hostOf(address)
    return connections().filter(({ direction, remoteAddr }) => direction === 'inbound' && hostOf(remoteAddr) === host).length
  }
  const ofPeer = (peer: string) => connections().filter(({ remotePeer }) => remotePeer.toString() === peer).length

  return {
    denyDialPeer: (peer) => penalties.isBanned(peer.toString()),
    denyDialMultiaddr: (address) => scopeOf(address) === 'never',
    denyInboundConnection: ({ remoteAddr }) => scopeOf(remoteAddr) !== 'loopback' && fromHost(remoteAddr) >= limits.maxConnectionsPerIp,
    denyInboundEncryptedConnection: (peer) =>
      penalties.isBanned(peer.toString()) || ofPeer(peer.toString()) >= limits.maxConnectionsPerPeer,
  }
}
