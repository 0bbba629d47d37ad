import { constants } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { open, realpath } from 'node:fs/promises'
import type { Blocks, Cid, FetchOptions } from '../ports.ts'
import { errorCode, PathRefusedError, StoreFailedError } from './errors.ts'
import { LEAF_BYTES } from './limits.ts'
import type { WriteFileOptions } from './write-file-node.ts'
import { isInside, writeFileAtomically } from './write-file-node.ts'

/** Read from storage and written to disk in steps of this size: memory stays small, and 16 leaves come in one request. */
const EXPORT_STEP_BYTES = 16 * LEAF_BYTES

export interface PutFileOptions {
  owner?: string
  signal?: AbortSignal
  /** The file must lie below this directory, symbolic links resolved. */
  within?: string
  onProgress?: (doneBytes: number, totalBytes: number) => void
}

/** Stores a local file and gives its CID. A symbolic link, a device or a directory throws PathRefusedError. */
export async function putFile(
  blocks: Pick<Blocks, 'put'>,
  path: string,
  options: PutFileOptions = {},
): Promise<{ cid: Cid; bytes: number }> {
  const { within, onProgress, ...put } = options
  if (within !== undefined) await refuseOutside(path, within)
  const handle = await openPlainFile(path)
  try {
    const { size } = await handle.stat()
    let done = 0
    async function* parts(): AsyncGenerator<Uint8Array> {
      for await (const part of handle.createReadStream({ highWaterMark: LEAF_BYTES, autoClose: false }) as AsyncIterable<Uint8Array>) {
        done += part.length
        yield part
        onProgress?.(done, size)
      }
    }
    return { cid: await blocks.put(parts(), put), bytes: done }
  } finally {
    await handle.close()
  }
}

/** Writes the file behind `cid` to `path`, old or new, never torn. Throws DiskFullError, PathRefusedError, and what `read` throws. */
export async function exportFile(
  blocks: Pick<Blocks, 'read' | 'size'>,
  cid: Cid,
  path: string,
  { within, mode, onProgress, ...fetch }: FetchOptions & WriteFileOptions = {},
): Promise<{ bytes: number }> {
  const bytes = await blocks.size(cid, fetch)
  async function* parts(): AsyncGenerator<Uint8Array> {
    for (let offset = 0; offset < bytes; offset += EXPORT_STEP_BYTES) {
      const length = Math.min(EXPORT_STEP_BYTES, bytes - offset)
      yield await blocks.read(cid, { ...fetch, offset, length })
      onProgress?.(offset + length, bytes)
    }
  }
  await writeFileAtomically(path, parts(), {
    ...(fetch.signal && { signal: fetch.signal }),
    ...(within !== undefined && { within }),
    ...(mode !== undefined && { mode }),
  })
  return { bytes }
}

async function refuseOutside(path: string, within: string): Promise<void> {
  const [real, directory] = await Promise.all([realpath(path), realpath(within)]).catch((cause) => {
    throw refusal(path, cause)
  })
  if (!isInside(real, directory)) throw new PathRefusedError(path, 'outside')
}

/** Not blocking: a named pipe would otherwise hold the open for ever. */
async function openPlainFile(path: string): Promise<FileHandle> {
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
  const handle = await open(path, flags).catch((cause) => {
    throw refusal(path, cause)
  })
  if ((await handle.stat()).isFile()) return handle
  await handle.close()
  throw new PathRefusedError(path, 'not-a-file')
}

function refusal(path: string, cause: unknown): Error {
  const code = errorCode(cause)
  if (code === 'ELOOP') return new PathRefusedError(path, 'symlink', cause)
  if (code === 'ENOENT') return new PathRefusedError(path, 'not-found', cause)
  if (code === 'ENXIO' || code === 'EISDIR' || code === 'ENOTDIR') return new PathRefusedError(path, 'not-a-file', cause)
  return new StoreFailedError('read', path, cause)
}
