import { unixfs } from '@helia/unixfs'
import type { CID } from 'multiformats/cid'
import type { Hold } from './holds.ts'
import type { BlockStore } from './store.ts'

/**
 * Stores the bytes as a UnixFS file: raw leaves of 1 MiB, 1024 links a node, CIDv1 (the profile `unixfs-v1-2025`, so that other IPFS tools
 * make the same CID). Resolves when every block is in the store. Throws DiskFullError, StoreFailedError, and what the source throws.
 */
export async function putFileBytes(
  source: Uint8Array | AsyncIterable<Uint8Array>,
  { store, hold, signal }: { store: BlockStore; hold: Hold; signal: AbortSignal },
): Promise<{ cid: CID; bytes: number }> {
  let bytes = 0
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const part of source instanceof Uint8Array ? [source] : source) {
      signal.throwIfAborted()
      bytes += part.length
      yield part
    }
  }
  // The importer writes ten blocks at once and leaves at the first failure; the others must not go on behind the caller's back.
  const writes = new Set<Promise<void>>()
  const blockstore = {
    async put(cid: CID, block: Uint8Array): Promise<CID> {
      signal.throwIfAborted()
      hold.add(cid)
      const write = store.put(cid, block)
      writes.add(write)
      await write
      writes.delete(write)
      return cid
    },
  }
  try {
    const cid = await unixfs({ blockstore: blockstore as never }).addByteStream(counted(), { profile: 'unixfs-v1-2025' })
    return { cid, bytes }
  } finally {
    await Promise.allSettled(writes)
  }
}
