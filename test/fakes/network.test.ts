import { randomBytes } from 'node:crypto'
import type { TestContext } from 'node:test'
import { peerIdFromPublicKey } from '../../src/protocol/peer-id.ts'
import { describeChannels, describeStreams } from '../compliance/channels.ts'
import { createFakeNetwork } from './network.ts'

async function fakePeers(_t: TestContext, count: number) {
  const network = createFakeNetwork()
  return Array.from({ length: count }, () => network.peer(peerIdFromPublicKey(randomBytes(32))))
}

describeChannels('fake', fakePeers)
describeStreams('fake', fakePeers)
