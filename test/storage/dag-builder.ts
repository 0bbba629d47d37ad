import * as dagPb from '@ipld/dag-pb'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import { rawCidOf } from '../../src/storage/cid.ts'
import { createMemoryStore } from '../../src/storage/memory-store.ts'

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))]
}

/** A UnixFS `Data` message, written by hand so that it can lie. */
export function unixFsData({
  type = 2,
  fileSize,
  blockSizes = [],
}: {
  type?: number
  fileSize?: number
  blockSizes?: number[]
}): Uint8Array {
  return Uint8Array.from([
    ...[0x08, ...varint(type)],
    ...(fileSize === undefined ? [] : [0x18, ...varint(fileSize)]),
    ...blockSizes.flatMap((size) => [0x20, ...varint(size)]),
  ])
}

/** A store for hand-made DAGs. */
export function createDagBuilder() {
  const store = createMemoryStore()

  async function leaf(bytes: Uint8Array): Promise<CID> {
    const cid = await rawCidOf(bytes)
    await store.put(cid, bytes)
    return cid
  }

  async function block(bytes: Uint8Array): Promise<CID> {
    const cid = CID.createV1(dagPb.code, await sha256.digest(bytes))
    await store.put(cid, bytes)
    return cid
  }

  /** A file node with these children and, unless told otherwise, an honest sum of sizes. */
  function node(
    children: { cid: CID; size: number }[],
    { type = 2, fileSize = children.reduce((sum, c) => sum + c.size, 0) } = {},
  ): Promise<CID> {
    const Data = unixFsData({ type, fileSize, blockSizes: children.map((c) => c.size) })
    return block(dagPb.encode({ Data, Links: children.map(({ cid, size }) => ({ Name: '', Tsize: size, Hash: cid })) }))
  }

  return { store, leaf, block, node }
}
