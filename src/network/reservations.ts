import type { IdentifyPush } from '@libp2p/identify'
import type { Libp2p, PeerId as Libp2pPeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { Logger } from '../log.ts'
import type { PeerId } from '../ports.ts'
import type { BootstrapKeeper } from './bootstrap.ts'

/** The part of libp2p that its interface does not show: listening on an address that is known only later. */
interface Internals {
  components: {
    transportManager: { listen(addresses: Multiaddr[]): Promise<void>; getTransports(): object[] }
  }
}

interface CircuitTransport {
  reservationStore: { addRelay(relay: Libp2pPeerId, type: 'configured'): Promise<unknown> }
}

/**
 * Keeps a slot at the circuit relay of every bootstrap node that is connected: peers that nobody can dial reach each other through it. libp2p's own search for
 * relays would take any that a stranger offers, and walks the DHT without end where there is none. Returns the way to stop.
 */
export function keepReservations(libp2p: Libp2p, keeper: Pick<BootstrapKeeper, 'onConnected'>, log: Logger): () => void {
  const { transportManager } = (libp2p as unknown as Internals).components
  const { identifyPush } = libp2p.services as unknown as { identifyPush: IdentifyPush }
  const listening = new Set<PeerId>()

  const reserve = async (relay: PeerId) => {
    if (!listening.has(relay)) {
      await transportManager.listen([multiaddr(`/p2p/${relay}/p2p-circuit`)])
      listening.add(relay)
      return
    }
    // A second listener for one relay would stay for ever; the first takes up the new reservation.
    const circuit = transportManager.getTransports().find((transport) => 'reservationStore' in transport) as CircuitTransport
    await circuit.reservationStore.addRelay(peerIdFromString(relay), 'configured')
  }
  const reserveAndTell = async (relay: PeerId) => {
    await reserve(relay)
    log.debug('has a slot at a relay', { relay })
    // After a short cut libp2p sees no change in our addresses, and the relay was told of none when it identified us.
    await identifyPush.push()
  }
  return keeper.onConnected((relay) => {
    reserveAndTell(relay).catch((error: unknown) => log.debug('no slot at a relay', { relay, error: String(error) }))
  })
}
