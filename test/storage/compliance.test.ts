import { createNodeBlocks } from '../../src/storage/blocks-node.ts'
import { describeBlocks } from '../compliance/blocks.ts'
import { startNetwork, startPeer, temporaryDirectory } from './peers.ts'

describeBlocks('in memory, bulk streams', async (t) => {
  const there = await startPeer(t)
  const here = await startPeer(t, { dial: [there.network] })
  return { here: here.blocks, there: there.blocks, provider: there.network.self }
})

describeBlocks('on disk, bulk streams and Bitswap', async (t) => {
  const networks = [await startNetwork(t), await startNetwork(t)] as const
  await networks[0].dial(networks[1].addresses()[0]!)
  const [here, there] = await Promise.all(
    networks.map(async ({ streams, libp2p }) => {
      const blocks = await createNodeBlocks({ streams, libp2p }, { directory: await temporaryDirectory(t) })
      t.after(() => blocks.stop())
      return blocks
    }),
  )
  return { here: here!, there: there!, provider: networks[1].self }
})

describeBlocks('in memory, Bitswap alone', async (t) => {
  const there = await startPeer(t, { bulk: false, bitswap: true })
  const here = await startPeer(t, { bulk: false, bitswap: true, dial: [there.network] })
  return { here: here.blocks, there: there.blocks, provider: there.network.self }
})
