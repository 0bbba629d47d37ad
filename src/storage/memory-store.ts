import type { CID } from 'multiformats/cid'
import { CID as Cids } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { keyOf } from './cid.ts'
import { DiskFullError } from './errors.ts'
import type { RawStore } from './store.ts'

/** A browser tab's share: above it a phone's tab is killed sooner than it can compute. */
const DEFAULT_MAX_BYTES = 512 * 1024 * 1024

/** Blocks in memory, for browsers and short-lived clients. Throws DiskFullError (path `memory`) beyond `maxBytes`. @default 512 MiB */
export function createMemoryStore({ maxBytes = DEFAULT_MAX_BYTES }: { maxBytes?: number } = {}): RawStore {
  const blocks = new Map<string, { cid: CID; bytes: Uint8Array }>()
  let total = 0

  const remove = async (cid: CID): Promise<void> => {
    total -= blocks.get(keyOf(cid))?.bytes.length ?? 0
    blocks.delete(keyOf(cid))
  }

  return {
    get: async (cid) => blocks.get(keyOf(cid))?.bytes,
    sizeOf: async (cid) => blocks.get(keyOf(cid))?.bytes.length,
    async put(cid, bytes) {
      if (total + bytes.length > maxBytes) throw new DiskFullError({ path: 'memory', freeBytes: maxBytes - total })
      await remove(cid)
      total += bytes.length
      blocks.set(keyOf(cid), { cid: Cids.createV1(raw.code, cid.multihash), bytes: ownBytes(bytes) })
    },
    delete: remove,
    quarantine: remove,
    async *list() {
      for (const { cid, bytes } of [...blocks.values()]) yield { cid, bytes: bytes.length }
    },
    async close() {
      blocks.clear()
      total = 0
    },
  }
}

/** A slice of a large buffer would keep all of it alive, and its owner could change it. */
function ownBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}
