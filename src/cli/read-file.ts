import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { formatBytes } from '../config/units.ts'
import { FileUnreadableError } from './errors.ts'

/** A system reads fewer than 2 GiB at once. */
const MAX_READ_BYTES = 2 ** 30

export interface FileLimit {
  /** What it should be, for the messages. */
  what: string
  maxBytes: number
  /** What to do where it is larger. */
  hint: string
}

/** The bytes of a plain file of at most `maxBytes`: a pipe or a device might never end. Throws FileUnreadableError. */
export async function readPlainFile(path: string, { what, maxBytes, hint }: FileLimit): Promise<Buffer> {
  // Not blocking: the open of a named pipe would otherwise wait for a writer, and hold the process past every signal.
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch((error: unknown) => {
    throw new FileUnreadableError(what, path, error)
  })
  try {
    const found = await handle.stat()
    if (found.isDirectory()) throw new FileUnreadableError(what, path, { code: 'EISDIR' })
    if (!found.isFile()) throw new FileUnreadableError(what, path, 'a pipe or a device', 'name a plain file')
    if (found.size > maxBytes)
      throw new FileUnreadableError(`${what} of at most ${formatBytes(maxBytes)}`, path, formatBytes(found.size), hint)
    return await readBytes(handle, found.size)
  } catch (error) {
    throw error instanceof FileUnreadableError ? error : new FileUnreadableError(what, path, error)
  } finally {
    await handle.close()
  }
}

/** As many as there were when it was looked at: it may grow meanwhile. */
async function readBytes(handle: FileHandle, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(size)
  for (let at = 0; at < size; ) {
    const { bytesRead } = await handle.read(bytes, at, Math.min(size - at, MAX_READ_BYTES))
    if (bytesRead === 0) return bytes.subarray(0, at)
    at += bytesRead
  }
  return bytes
}
