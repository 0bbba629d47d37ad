import { open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { NextToLast } from 'blockstore-fs/sharding'
import type { CID } from 'multiformats/cid'
import { makeDirectory } from '../directories-node.ts'
import { errorCode, StoreFailedError, writeError } from './errors.ts'
import type { RawStore } from './store.ts'

/** Damaged blocks kept for inspection; older ones go, so that a dying disk cannot fill itself with them. */
const MAX_QUARANTINED = 32

/**
 * Blocks as files below `directory`, one a block, sharded by the last letters of the hash. A write is a temporary file and a rename: a process
 * killed at any moment leaves whole blocks only. After a power cut a block may be torn; the hash check on reading finds it.
 */
export async function openFsStore(directory: string): Promise<RawStore> {
  const blocks = join(directory, 'blocks')
  const quarantined = join(directory, 'quarantine')
  const sharding = new NextToLast()
  await Promise.all([blocks, quarantined].map((path) => makeDirectory(path, { mode: 0o700 }))).catch((cause) => {
    throw writeError('create', directory, cause)
  })
  await removeTemporaries(blocks)

  const put = createWriter()
  const pathOf = (cid: CID): string => {
    const { dir, file } = sharding.encode(cid)
    return join(blocks, dir, file)
  }

  return {
    get: (cid) => orAbsent<Uint8Array>('read', pathOf(cid), readWhole),
    sizeOf: (cid) => orAbsent('look at', pathOf(cid), async (path) => (await stat(path)).size),
    async put(cid, bytes) {
      try {
        await put(pathOf(cid), bytes)
      } catch (cause) {
        await rm(temporaryOf(pathOf(cid)), { force: true }).catch(() => {})
        throw writeError('write', pathOf(cid), cause)
      }
    },
    delete: async (cid) => void (await orAbsent('remove', pathOf(cid), (path) => rm(path))),
    async quarantine(cid) {
      await makeRoom(quarantined)
      await orAbsent('quarantine', pathOf(cid), (path) => rename(path, join(quarantined, sharding.encode(cid).file)))
    },
    list: () => listBlocks(blocks, sharding),
    close: async () => {},
  }
}

/** Writes a file beside its place and renames it; each directory is made once. A few system calls a block: they are what a fast fetch waits for. */
function createWriter(): (path: string, bytes: Uint8Array) => Promise<void> {
  const made = new Set<string>()
  return async (path, bytes) => {
    const directory = dirname(path)
    const temporary = temporaryOf(path)
    if (!made.has(directory)) await makeDirectory(directory)
    made.add(directory)
    const file = await open(temporary, 'w').catch((error) => {
      made.delete(directory)
      throw error
    })
    try {
      for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  }
}

/** One read of the whole, where `readFile` takes three and joins them. */
async function readWhole(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const bytes = new Uint8Array(size)
    for (let at = 0; at < size; ) {
      const { bytesRead } = await file.read(bytes, at)
      if (bytesRead === 0) return bytes.subarray(0, at)
      at += bytesRead
    }
    return bytes
  } finally {
    await file.close()
  }
}

/** What `task` gives; undefined where there is no such file. Throws StoreFailedError for all else. */
async function orAbsent<T>(operation: string, path: string, task: (path: string) => Promise<T>): Promise<T | undefined> {
  try {
    return await task(path)
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return undefined
    throw new StoreFailedError(operation, path, cause)
  }
}

async function* listBlocks(directory: string, sharding: NextToLast): AsyncGenerator<{ cid: CID; bytes: number }> {
  for (const shard of await readdir(directory)) {
    for (const file of await namesIn(join(directory, shard))) {
      if (!file.endsWith('.data') || file.startsWith('.')) continue
      const bytes = await orAbsent('look at', join(directory, shard, file), async (path) => (await stat(path)).size)
      const cid = decodedName(sharding, file)
      if (bytes !== undefined && cid !== undefined) yield { cid, bytes }
    }
  }
}

/** A file that somebody dropped there is not ours to list, nor to delete. */
function decodedName(sharding: NextToLast, file: string): CID | undefined {
  try {
    return sharding.decode(file)
  } catch {
    return undefined
  }
}

const namesIn = async (directory: string): Promise<string[]> =>
  (await orAbsent('list', directory, (path) => readdir(path)).catch(() => [])) ?? []

/** `.NAME.data.tmp` beside the block. */
const temporaryOf = (path: string): string => path.replace(/([^/\\]+)$/, '.$1.tmp')

/** A killed process may have left some. Nobody else writes here: the data directory is locked. */
async function removeTemporaries(blocks: string): Promise<void> {
  for (const shard of await readdir(blocks)) {
    const left = (await namesIn(join(blocks, shard))).filter((file) => file.startsWith('.') && file.endsWith('.tmp'))
    await Promise.all(left.map((file) => rm(join(blocks, shard, file), { force: true })))
  }
}

async function makeRoom(directory: string): Promise<void> {
  const names = await namesIn(directory)
  if (names.length < MAX_QUARANTINED) return
  const aged = await Promise.all(names.map(async (name) => ({ name, at: (await stat(join(directory, name))).mtimeMs })))
  const oldest = aged.sort((a, b) => a.at - b.at).slice(0, names.length - MAX_QUARANTINED + 1)
  await Promise.all(oldest.map(({ name }) => rm(join(directory, name), { force: true })))
}
