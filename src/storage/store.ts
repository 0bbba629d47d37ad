import type { CID } from 'multiformats/cid'
import type { Logger } from '../log.ts'
import { isBlockOf, keyOf } from './cid.ts'

/** Where blocks lie, by hash. Knows nothing of files, pins or peers, and checks nothing. */
export interface RawStore {
  /** The bytes, or undefined where there is no such block. Throws StoreFailedError where the disk fails. */
  get(cid: CID): Promise<Uint8Array | undefined>
  /** The block's size in bytes; undefined where there is no such block. */
  sizeOf(cid: CID): Promise<number | undefined>
  /** Old or new, never torn. Throws DiskFullError, StoreFailedError. */
  put(cid: CID, bytes: Uint8Array): Promise<void>
  delete(cid: CID): Promise<void>
  /** Takes a damaged block out of the way, and keeps a few for inspection where it can. */
  quarantine(cid: CID): Promise<void>
  /** All blocks. A CID of the listing has the right hash and the codec raw. */
  list(): AsyncIterable<{ cid: CID; bytes: number }>
  close(): Promise<void>
}

/** A store that never gives out bytes which are not the CID's, and in which one block's writes and deletes happen one by one. */
export interface BlockStore {
  /** Checked bytes; a damaged block is quarantined and counts as absent. */
  get(cid: CID): Promise<Uint8Array | undefined>
  sizeOf(cid: CID): Promise<number | undefined>
  /** `bytes` must have been checked against `cid`. */
  put(cid: CID, bytes: Uint8Array): Promise<void>
  /** Deletes the block unless `keep` says otherwise at that very moment; gives the bytes freed. */
  deleteUnless(cid: CID, keep: () => boolean): Promise<number>
  list(): AsyncIterable<{ cid: CID; bytes: number }>
  close(): Promise<void>
}

/** Wraps a raw store with the hash check on reading and with one queue per block. */
export function createBlockStore(raw: RawStore, logger: Logger): BlockStore {
  const tails = new Map<string, Promise<unknown>>()

  function alone<T>(cid: CID, task: () => Promise<T>): Promise<T> {
    const key = keyOf(cid)
    const before = tails.get(key) ?? Promise.resolve()
    const mine = before.then(task, task)
    const tail = mine.catch(() => {}).finally(() => tails.get(key) === tail && tails.delete(key))
    tails.set(key, tail)
    return mine
  }

  async function get(cid: CID): Promise<Uint8Array | undefined> {
    const bytes = await raw.get(cid)
    if (bytes === undefined || (await isBlockOf(cid, bytes))) return bytes
    logger.warn('damaged block quarantined', { cid: cid.toString(), bytes: bytes.length })
    await alone(cid, () => raw.quarantine(cid))
    return undefined
  }

  /** A block that is there with the right size may still be damaged: it is read before it is trusted. */
  const isIntact = async (cid: CID, bytes: Uint8Array): Promise<boolean> => {
    if ((await raw.sizeOf(cid)) !== bytes.length) return false
    const found = await raw.get(cid)
    return found !== undefined && isBlockOf(cid, found)
  }

  return {
    get,
    sizeOf: (cid) => raw.sizeOf(cid),
    put: (cid, bytes) => alone(cid, async () => void ((await isIntact(cid, bytes)) || (await raw.put(cid, bytes)))),
    deleteUnless: (cid, keep) =>
      alone(cid, async () => {
        if (keep()) return 0
        const bytes = (await raw.sizeOf(cid)) ?? 0
        await raw.delete(cid)
        return bytes
      }),
    list: () => raw.list(),
    async close() {
      await Promise.all(tails.values())
      await raw.close()
    },
  }
}
