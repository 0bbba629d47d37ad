import type { TestContext } from 'node:test'
import { describeChannels, describeStreams } from '../compliance/channels.ts'
import { connectAll, startNode } from './support.ts'

async function connectedPeers(t: TestContext, count: number) {
  const peers = await Promise.all(Array.from({ length: count }, () => startNode(t, { limits: { joinTimeoutMs: 300 } })))
  await connectAll(peers)
  return peers
}

describeChannels('libp2p', connectedPeers)
describeStreams('libp2p', connectedPeers)
