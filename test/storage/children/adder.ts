/** Puts random files for ever; prints `<cid> <sha256>` of each once it is acknowledged. */
import { createHash, randomBytes } from 'node:crypto'
import { createNodeBlocks } from '../../../src/storage/blocks-node.ts'

const blocks = await createNodeBlocks({}, { directory: process.argv[2]! })
for (;;) {
  const files = Array.from({ length: 4 }, () => randomBytes(1 + Math.floor(Math.random() * 3_000_000)))
  await Promise.all(
    files.map(async (bytes) => {
      const cid = await blocks.put(bytes, { owner: 'job' })
      process.stdout.write(`${cid} ${createHash('sha256').update(bytes).digest('hex')}\n`)
    }),
  )
}
