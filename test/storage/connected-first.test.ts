import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { it } from 'node:test'
import { createSigner } from '../../src/network/signatures-node.ts'
import { createBlocks } from '../../src/storage/blocks.ts'
import { recordingLogger, startNode } from '../network/support.ts'

it('asks who is connected before who would have to be dialled', async (t) => {
  const [near, self] = await Promise.all([startNode(t), startNode(t)])
  const logger = recordingLogger()
  const holder = await createBlocks({ streams: near.streams })
  const reader = await createBlocks({ streams: self.streams, libp2p: self.libp2p as never, logger })
  t.after(() => Promise.all([holder.stop(), reader.stop()]))
  const bytes = randomBytes(100_000)
  const cid = await holder.put(bytes)
  await self.dial(near.addresses()[0] as string)
  const far = createSigner(randomBytes(32)).peer
  assert.deepEqual(Buffer.from(await reader.read(cid, { providers: [far, near.self] })), bytes)
  assert.deepEqual(
    logger.lines.filter(({ message }) => message === 'provider failed'),
    [],
  )
})
