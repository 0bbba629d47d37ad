/** Fills a small disk until it is full; prints what happened as JSON. */
import { randomBytes } from 'node:crypto'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createNodeBlocks } from '../../../src/storage/blocks-node.ts'
import { exportFile } from '../../../src/storage/files-node.ts'

const disk = process.argv[2]!
const directory = join(disk, 'storage')
const MIB = 1024 * 1024
const blocks = await createNodeBlocks({}, { directory })
const kept = randomBytes(3 * MIB)
const cid = await blocks.put(kept, { owner: 'kept' })
const nameOf = (error: Error) => error.name
const putError = await blocks.put(randomBytes(8 * MIB), { owner: 'too much' }).then(String, nameOf)
// What the failed put gave back must not be enough for the export.
const ballast = join(disk, 'ballast')
await writeFile(ballast, randomBytes(8 * MIB)).catch(() => {})
const exportError = await exportFile(blocks, cid, join(disk, 'out.bin')).then(String, nameOf)
await rm(ballast)
const files = await readdir(disk, { recursive: true })
const readsOn = Buffer.compare(await blocks.read(cid), kept) === 0
const { freedBytes } = await blocks.gc()
const again = randomBytes(2 * MIB)
const recovered = Buffer.compare(await blocks.read(await blocks.put(again, { owner: 'later' })), again) === 0
console.log(
  JSON.stringify({ putError, exportError, temporaries: files.filter((name) => name.endsWith('.tmp')), readsOn, freedBytes, recovered }),
)
await blocks.stop()
