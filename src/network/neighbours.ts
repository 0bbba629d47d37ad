import type { Libp2p } from '@libp2p/interface'
import type { Ping } from '@libp2p/ping'
import type { Abortable, PeerId } from '../ports.ts'

/** A peer that is connected now. */
export interface Neighbour {
  peer: PeerId
  /** The far ends of its connections. */
  addresses: string[]
  /** Round-trip time of one ping; undefined where it did not answer in time. */
  latencyMs?: number
}

/** A peer on the other side of the world answers within half a second. */
const PING_TIMEOUT_MS = 2000
/** More at once would measure each other. */
const MAX_PINGED = 64

/** Everybody that is connected, each pinged once, all at the same time. */
export async function measureNeighbours(libp2p: Libp2p, { signal }: Abortable = {}): Promise<Neighbour[]> {
  const { ping } = libp2p.services as unknown as { ping: Ping }
  const limited = AbortSignal.any([AbortSignal.timeout(PING_TIMEOUT_MS), ...(signal ? [signal] : [])])
  const neighbours = libp2p.getPeers().map(async (id, index) => {
    const addresses = libp2p.getConnections(id).map(({ remoteAddr }) => remoteAddr.toString())
    const latencyMs = index < MAX_PINGED ? await ping.ping(id, { signal: limited }).catch(() => undefined) : undefined
    return { peer: id.toString(), addresses, ...(latencyMs !== undefined && { latencyMs }) }
  })
  return Promise.all(neighbours)
}
