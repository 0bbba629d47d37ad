import { randomBytes } from 'node:crypto'
import type { TestContext } from 'node:test'
import { createSigner } from '../../src/network/signatures-node.ts'
import { createReplica } from '../../src/replica/replica.ts'
import { openLevelStore } from '../../src/replica/store-level.ts'
import { describeReplica } from '../compliance/replica.ts'
import { createFakeNetwork } from '../fakes/network.ts'
import { connectAll, startNode } from '../network/support.ts'
import { newDirectory, removeDirectory, startPeer, testSchema, verify } from './support.ts'

describeReplica('fake network', async (t, count) => {
  const network = createFakeNetwork()
  const peers = await Promise.all(Array.from({ length: count }, () => startPeer(network)))
  t.after(() => Promise.all(peers.map(({ replica }) => replica.stop())))
  return peers.map(({ signer, replica }) => ({ self: signer.peer, replica }))
})

describeReplica('libp2p and LevelDB', async (t, count) => {
  const peers = await Promise.all(Array.from({ length: count }, () => startRealPeer(t)))
  await connectAll(peers.map(({ network }) => network))
  return peers
})

async function startRealPeer(t: TestContext) {
  const privateKey = randomBytes(32)
  // Stopped below, after the replica.
  const network = await startNode({ after: () => {} }, { privateKey, limits: { joinTimeoutMs: 300 } })
  const path = await newDirectory()
  const store = await openLevelStore({ path })
  const { channels, streams } = network
  const replica = await createReplica({ channels, streams, signer: createSigner(privateKey), verify, schema: testSchema, store })
  t.after(async () => {
    await replica.stop()
    await store.close()
    await network.stop()
    await removeDirectory(path)
  })
  return { self: network.self, network, replica }
}
