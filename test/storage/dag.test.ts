import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { unixfs } from '@helia/unixfs'
import * as dagPb from '@ipld/dag-pb'
import { MemoryBlockstore } from 'blockstore-core'
import fc from 'fast-check'
import type { CID } from 'multiformats/cid'
import { createBlocks } from '../../src/storage/blocks.ts'
import { parseCid } from '../../src/storage/cid.ts'
import { decodeNode } from '../../src/storage/dag.ts'
import { MalformedDagError } from '../../src/storage/errors.ts'
import { createMemoryStore } from '../../src/storage/memory-store.ts'
import { createDagBuilder, unixFsData } from './dag-builder.ts'
import { MIB, sameBytes } from './peers.ts'

describe('files of other makers', () => {
  for (const profile of ['unixfs-v0-2015', 'unixfs-v1-2025'] as const) {
    it(`reads what Helia imports with profile ${profile}`, async () => {
      const theirs = new MemoryBlockstore()
      const bytes = randomBytes(3 * MIB + 11)
      const options =
        profile === 'unixfs-v0-2015' ? { profile, rawLeaves: false, cidVersion: 0 as const, chunker: chunks(262_144) } : { profile }
      const cid = await unixfs({ blockstore: theirs }).addBytes(bytes, options)
      const store = createMemoryStore()
      for await (const { cid: leaf, bytes: parts } of theirs.getAll()) for await (const part of parts) await store.put(leaf, part)
      const blocks = await createBlocks({}, { store })
      assert.equal(await blocks.size(cid.toString()), bytes.length)
      assert.ok(sameBytes(await blocks.read(cid.toString()), bytes))
      assert.ok(sameBytes(await blocks.read(cid.toString(), { offset: 262_140, length: 10 }), bytes.subarray(262_140, 262_150)))
      await blocks.stop()
    })
  }

  it('makes the CIDs of the profile unixfs-v1-2025', async () => {
    const blocks = await createBlocks({})
    assert.equal(await blocks.put(new Uint8Array(0)), 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku')
    // Frozen: a change here makes every file of the network another file.
    assert.equal(await blocks.put(new Uint8Array(2 * MIB)), 'bafybeiam7fzx7ebtpwnfqb4tfhcthbgihdavyir433y6dd5jjy37dftd4e')
    await blocks.stop()
  })
})

function chunks(size: number) {
  return async function* (source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
    for await (const bytes of source) for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  }
}

describe('files of strangers', () => {
  async function readOf(build: (dag: ReturnType<typeof createDagBuilder>) => Promise<CID>, maxBytes = MIB): Promise<unknown> {
    const dag = createDagBuilder()
    const cid = await build(dag)
    const blocks = await createBlocks({}, { store: dag.store })
    try {
      return await blocks.read(cid.toString(), { maxBytes }).catch((error) => error)
    } finally {
      await blocks.stop()
    }
  }
  const refused = async (name: string, build: Parameters<typeof readOf>[0]): Promise<void> => {
    const error = await readOf(build)
    assert.ok(error instanceof Error && error.name === name, String(error))
  }

  it('refuses a leaf smaller or larger than its parent declares', async () => {
    for (const size of [9, 11]) {
      await refused('MalformedDagError', async (dag) => dag.node([{ cid: await dag.leaf(new Uint8Array(10)), size }]))
    }
  })

  it('refuses an inner node whose size its parent or itself gets wrong', async () => {
    await refused('MalformedDagError', async (dag) => {
      const inner = await dag.node([{ cid: await dag.leaf(new Uint8Array(10)), size: 10 }])
      return dag.node([{ cid: inner, size: 20 }])
    })
    await refused('MalformedDagError', async (dag) => dag.node([{ cid: await dag.leaf(new Uint8Array(10)), size: 10 }], { fileSize: 99 }))
  })

  it('refuses a bomb that names one leaf a million times, before it unfolds', async () => {
    const startMs = performance.now()
    const error = await readOf(async (dag) => {
      let below = { cid: await dag.leaf(new Uint8Array(1)), size: 1 }
      for (let level = 0; level < 2; level++) {
        below = { cid: await dag.node(Array(1000).fill(below)), size: below.size * 1000 }
      }
      return below.cid
    })
    assert.ok(error instanceof MalformedDagError)
    assert.match(error.message, /far more nodes than bytes/)
    assert.ok(performance.now() - startMs < 3000)
  })

  it('refuses a bomb by its declared size', async () => {
    await refused('FileTooLargeError', async (dag) => {
      let below = { cid: await dag.leaf(new Uint8Array(1)), size: 1 }
      for (let level = 0; level < 4; level++) below = { cid: await dag.node(Array(1000).fill(below)), size: below.size * 1000 }
      return below.cid
    })
  })

  it('visits no empty child, and no depth beyond the limit', async () => {
    const read = await readOf(async (dag) => {
      const empty = await dag.node([])
      return dag.node([...Array(4000).fill({ cid: empty, size: 0 }), { cid: await dag.leaf(new Uint8Array(3)), size: 3 }])
    })
    assert.deepEqual(read, new Uint8Array(3))
    await refused('MalformedDagError', async (dag) => {
      let cid = await dag.leaf(new Uint8Array(5))
      for (let level = 0; level < 12; level++) cid = await dag.node([{ cid, size: 5 }])
      return cid
    })
  })

  it('refuses directories, dag-pb without UnixFS, too many links, links to other codecs', async () => {
    await refused('MalformedDagError', (dag) => dag.node([], { type: 1 }))
    await refused('MalformedDagError', (dag) => dag.block(dagPb.encode({ Links: [] })))
    await refused('MalformedDagError', async (dag) => dag.node(Array(4097).fill({ cid: await dag.leaf(new Uint8Array(1)), size: 1 })))
    const { CID } = await import('multiformats/cid')
    await refused('MalformedDagError', async (dag) => {
      const leaf = await dag.leaf(new Uint8Array(1))
      return dag.node([{ cid: CID.createV1(0x71, leaf.multihash), size: 1 }])
    })
  })

  it('throws MalformedDagError and nothing else on random bytes', () => {
    const cid = parseCid('bafybeif6ypovjnwz4mh5ajkxwrgwivl4ra6zxhb7p6dcmbxmpenm3ixnvy')
    const near = fc
      .uint8Array({ maxLength: 60 })
      .map((bytes) => dagPb.encode({ Data: Uint8Array.from([...unixFsData({}), ...bytes]), Links: [] }))
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), near), (bytes) => {
        try {
          decodeNode(cid, bytes)
        } catch (error) {
          assert.ok(error instanceof MalformedDagError)
        }
      }),
      { numRuns: 1000 },
    )
  })
})
