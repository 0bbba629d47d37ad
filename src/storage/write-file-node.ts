import { randomUUID } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { open, realpath, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { errorCode, PathRefusedError, writeError } from './errors.ts'

export interface WriteFileOptions {
  signal?: AbortSignal
  /** The file must come to lie below this directory, symbolic links resolved. */
  within?: string
  /** @default 0o600 */
  mode?: number
}

/**
 * Writes the file so that at any moment `path` holds the old bytes or the new ones, durable before it resolves. A symbolic link at `path` is
 * replaced, not followed. Whatever goes wrong, no partial file stays. Throws DiskFullError, PathRefusedError, StoreFailedError.
 */
export async function writeFileAtomically(
  path: string,
  source: string | Uint8Array | AsyncIterable<Uint8Array>,
  { signal, within, mode = 0o600 }: WriteFileOptions = {},
): Promise<void> {
  const directory = await directoryOf(path, within)
  const target = join(directory, basename(path))
  const temporary = join(directory, `.${basename(path)}.${process.pid}.${randomUUID()}.tmp`)
  try {
    await writeDurably(temporary, source, mode, signal)
    await rename(temporary, target)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {})
    signal?.throwIfAborted()
    throw isSystemError(error) ? writeError('write', target, error) : error
  }
  await syncDirectory(directory)
}

/** The real directory that the file goes to. Throws PathRefusedError where it lies outside of `within`. */
async function directoryOf(path: string, within: string | undefined): Promise<string> {
  try {
    const directory = await realpath(dirname(resolve(path)))
    if (within !== undefined && !isInside(directory, await realpath(within))) throw new PathRefusedError(path, 'outside')
    return directory
  } catch (error) {
    if (errorCode(error) === 'ENOENT') throw new PathRefusedError(path, 'not-found', error)
    throw isSystemError(error) ? writeError('reach', path, error) : error
  }
}

export const isInside = (path: string, directory: string): boolean =>
  path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep)

/** True for errors of the disk, false for those of the source. */
const isSystemError = (error: unknown): boolean => error instanceof Error && typeof (error as { syscall?: unknown }).syscall === 'string'

async function writeDurably(
  path: string,
  source: string | Uint8Array | AsyncIterable<Uint8Array>,
  mode: number,
  signal?: AbortSignal,
): Promise<void> {
  const handle = await open(path, 'wx', mode)
  try {
    for await (const part of typeof source === 'string' || source instanceof Uint8Array ? [source] : source) {
      signal?.throwIfAborted()
      await writeAll(handle, typeof part === 'string' ? Buffer.from(part) : part)
    }
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** One write may take less than it was given; the file position goes on from there. */
async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at)).bytesWritten
}

/** Makes the rename itself durable; not every system lets a directory be opened for that. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r').catch(() => undefined)
  await handle?.sync().catch(() => {})
  await handle?.close()
}
