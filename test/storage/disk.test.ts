import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createNodeBlocks } from '../../src/storage/blocks-node.ts'
import { rawCidOf } from '../../src/storage/cid.ts'
import { openFsStore } from '../../src/storage/store-node.ts'
import { MIB, sameBytes, startNetwork, startPeer, temporaryDirectory } from './peers.ts'

async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

/** Flips one byte in the middle of the largest block on disk; gives its path. */
async function damage(directory: string): Promise<string> {
  const files = await Promise.all(
    (await filesBelow(join(directory, 'blocks'))).map(async (path) => ({ path, bytes: await readFile(path) })),
  )
  const { path, bytes } = files.sort((a, b) => b.bytes.length - a.bytes.length)[0]!
  bytes[bytes.length >> 1]! ^= 1
  await writeFile(path, bytes)
  return path
}

describe('blocks on disk', () => {
  it('finds a damaged block on reading, quarantines it and fetches it again', async (t) => {
    const holder = await startPeer(t)
    const bytes = randomBytes(3 * MIB)
    const cid = await holder.blocks.put(bytes)
    const directory = await temporaryDirectory(t)
    const network = await startNetwork(t)
    await network.dial(holder.network.addresses()[0]!)
    const blocks = await createNodeBlocks({ streams: network.streams }, { directory })
    t.after(() => blocks.stop())
    const providers = [holder.network.self]
    await blocks.fetch(cid, { providers, owner: 'job' })
    const path = await damage(directory)
    await assert.rejects(blocks.read(cid), { name: 'BlockNotFoundError' })
    assert.equal((await readdir(join(directory, 'quarantine'))).length, 1)
    assert.ok(sameBytes(await blocks.read(cid, { providers }), bytes))
    assert.ok((await readFile(path)).length > 0)
    assert.ok(sameBytes(await blocks.read(cid), bytes))
  })

  it('never serves a damaged block', async (t) => {
    const directory = await temporaryDirectory(t)
    const network = await startNetwork(t)
    const holder = await createNodeBlocks({ streams: network.streams }, { directory })
    t.after(() => holder.stop())
    const cid = await holder.put(randomBytes(2 * MIB))
    await damage(directory)
    const blamed: unknown[] = []
    const reader = await startPeer(t, { dial: [network], onWrongBytes: (...facts) => blamed.push(facts) })
    await assert.rejects(reader.blocks.read(cid, { providers: [network.self] }), { name: 'BlockNotFoundError' })
    assert.deepEqual(blamed, [])
  })

  it('heals a damaged block when the same bytes are put again', async (t) => {
    const directory = await temporaryDirectory(t)
    const blocks = await createNodeBlocks({}, { directory })
    t.after(() => blocks.stop())
    const bytes = randomBytes(1000)
    const cid = await blocks.put(bytes)
    await damage(directory)
    assert.equal(await blocks.put(bytes), cid)
    assert.ok(sameBytes(await blocks.read(cid), bytes))
  })

  it('takes the same block from many writers at once', async (t) => {
    const blocks = await createNodeBlocks({}, { directory: await temporaryDirectory(t) })
    t.after(() => blocks.stop())
    const bytes = randomBytes(2 * MIB)
    const cids = await Promise.all(Array.from({ length: 10 }, () => blocks.put(bytes)))
    assert.equal(new Set(cids).size, 1)
    assert.ok(sameBytes(await blocks.read(cids[0]!), bytes))
  })

  it('clears temporary files of a killed process, and lists nothing that is not a block', async (t) => {
    const directory = await temporaryDirectory(t)
    const shard = join(directory, 'blocks', 'AB')
    await mkdir(shard, { recursive: true })
    for (const name of ['.XAB.data.tmp', 'notes.txt', 'garbage.data']) await writeFile(join(shard, name), 'x')
    const store = await openFsStore(directory)
    assert.deepEqual(await Array.fromAsync(store.list()), [])
    assert.deepEqual((await readdir(shard)).sort(), ['garbage.data', 'notes.txt'])
    await store.close()
  })

  it('remembers pins over a restart, and repairs a pin store that lost its manifest', async (t) => {
    const directory = await temporaryDirectory(t)
    const first = await createNodeBlocks({}, { directory })
    const cid = await first.put(randomBytes(100), { owner: 'job/1 ü' })
    await first.finish('job/1 ü')
    const before = await first.owners()
    assert.deepEqual(before[0]?.roots, [{ cid, bytes: 100 }])
    await first.stop()
    await rm(join(directory, 'pins', 'CURRENT'))
    const second = await createNodeBlocks({}, { directory })
    t.after(() => second.stop())
    assert.deepEqual(await second.owners(), before)
    await second.gc()
    assert.equal(await second.has(cid), true)
  })

  it('keeps a bounded number of quarantined blocks', async (t) => {
    const directory = await temporaryDirectory(t)
    const store = await openFsStore(directory)
    for (let index = 0; index < 40; index++) {
      const bytes = randomBytes(10)
      const cid = await rawCidOf(bytes)
      await store.put(cid, bytes)
      await store.quarantine(cid)
    }
    assert.equal((await readdir(join(directory, 'quarantine'))).length, 32)
    await store.close()
  })
})
