/** What a node on Node.js brings: TCP and WebSocket to dial and to listen, mDNS, and a store on disk. */
import { mdns } from '@libp2p/mdns'
import { webSockets } from '@libp2p/websockets'
import { LevelDatastore } from 'datastore-level'
import { gatheringTcp } from './gathered-writes.ts'
import type { Platform } from './node.ts'

export interface NodePlatformInit {
  /** Looks for peers on the local network by multicast. @default false */
  mdns?: boolean
  /** A folder for the peer store and the DHT; in memory without it. */
  datastorePath?: string
  /** Sockets that one listener keeps; above it the kernel's queue is closed. @default 512 */
  maxSockets?: number
}

/** Above libp2p's own cap on connections, which chooses whom to close: this one only holds a flood back. */
const DEFAULT_MAX_SOCKETS = 512

export async function nodePlatform(init: NodePlatformInit = {}): Promise<Platform> {
  const datastore = init.datastorePath === undefined ? undefined : new LevelDatastore(init.datastorePath)
  await datastore?.open()
  return {
    transports: [
      // Small frames wait for each other up to 40 ms otherwise.
      gatheringTcp({ maxConnections: init.maxSockets ?? DEFAULT_MAX_SOCKETS, dialOpts: { noDelay: true }, listenOpts: { noDelay: true } }),
      webSockets(),
    ],
    peerDiscovery: init.mdns ? [mdns()] : [],
    ...(datastore === undefined ? {} : { datastore, stop: () => datastore.close() }),
  }
}
