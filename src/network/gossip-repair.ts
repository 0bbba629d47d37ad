import type { GossipSub } from '@libp2p/gossipsub'
import type { Connection, Libp2p } from '@libp2p/interface'
import type { GossipInternals } from './gossip-guard.ts'

/** How often lost gossip streams are looked for. */
const REPAIR_MS = 5_000

/** Opens the gossip streams again that were lost, from time to time, until the returned function is called. */
export function keepGossipRepaired(libp2p: Libp2p, gossip: GossipSub & GossipInternals): () => void {
  const repair = async () => {
    const lost = libp2p.getConnections().filter(({ remotePeer }) => !gossip.streamsOutbound.has(remotePeer.toString()))
    for (const connection of lost) {
      const known = await libp2p.peerStore.get(connection.remotePeer).catch(() => undefined)
      repairGossip(gossip, connection, known?.protocols ?? [])
    }
  }
  const timer = setInterval(() => void repair().catch(() => {}), REPAIR_MS)
  ;(timer as { unref?: () => void }).unref?.()
  return () => clearInterval(timer)
}

/**
 * Gives a new gossip stream to a connected peer that lost its own (a slow peer's full buffer, one oversize RPC): gossipsub
 * itself only opens one when the connection opens.
 */
function repairGossip(gossip: GossipInternals & { protocols: readonly string[] }, connection: Connection, speaks: readonly string[]): void {
  const peer = connection.remotePeer.toString()
  if (connection.status !== 'open' || connection.limits !== undefined || gossip.streamsOutbound.has(peer)) return
  if (speaks.some((protocol) => gossip.protocols.includes(protocol))) gossip.onPeerConnected(connection.remotePeer, connection)
}
