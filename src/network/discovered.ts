import type { Libp2p, PeerInfo } from '@libp2p/interface'
import type { Logger } from '../log.ts'
import type { SubnetSlots } from './subnets.ts'

/** mDNS of a crowded network: the rest is found through members. */
const MAX_DISCOVERED_DIALS = 16
const DISCOVERY_DIAL_TIMEOUT_MS = 5_000

/** libp2p only remembers what discovery finds; mDNS neighbours are worth a connection, as long as we have few. */
export function dialDiscovered(libp2p: Libp2p, slots: SubnetSlots, log: Logger): void {
  libp2p.addEventListener('peer:discovery', (event: CustomEvent<PeerInfo>) => {
    const { id, multiaddrs } = event.detail
    if (libp2p.getPeers().length >= MAX_DISCOVERED_DIALS) return
    const { addresses, done } = slots.take(multiaddrs)
    if (addresses.length === 0) return done()
    libp2p
      .dial(id, { signal: AbortSignal.timeout(DISCOVERY_DIAL_TIMEOUT_MS) })
      .then(() => log.debug('discovered peer connected', { peer: id.toString() }))
      .catch((error: unknown) => log.debug('discovered peer does not answer', { peer: id.toString(), error: String(error) }))
      .finally(done)
  })
}
