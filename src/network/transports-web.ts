/** What a node in a browser brings: WebSockets to dial. It cannot listen; others reach it through a relay. */
import { webSockets } from '@libp2p/websockets'
import type { Platform } from './node.ts'

export function webPlatform(): Platform {
  return { transports: [webSockets()], peerDiscovery: [] }
}
