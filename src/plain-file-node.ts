import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/** A system reads fewer than 2 GiB at once. */
const MAX_READ_BYTES = 2 ** 30

/** What was named is no file to be read whole; `code` says what it is instead, where a system's error has its code. */
class NotPlainError extends Error {
  readonly code: string
  /** In bytes, where it is too large. */
  readonly size: number | undefined

  constructor(path: string, code: string, size?: number) {
    super(`${path}: ${code}`)
    this.code = code
    this.size = size
  }
}

/**
 * The bytes of a plain file of at most `maxBytes`, as many as it had when it was looked at. In place of Node's readFile for every path that a
 * user names: a pipe or a device may never end, and while its open waits no signal but SIGKILL ends the process. Throws the system's error, or one
 * with a `code` of its own: EISDIR for a directory, 'a pipe or a device', '12 bytes'.
 */
export async function readPlainFile(path: string, { maxBytes }: { maxBytes: number }): Promise<Buffer> {
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    const found = await handle.stat()
    if (found.isDirectory()) throw new NotPlainError(path, 'EISDIR')
    if (!found.isFile()) throw new NotPlainError(path, 'a pipe or a device')
    if (found.size > maxBytes) throw new NotPlainError(path, `${found.size} bytes`, found.size)
    return await readBytes(handle, found.size)
  } finally {
    await handle.close()
  }
}

/** It may grow meanwhile. */
async function readBytes(handle: FileHandle, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(size)
  for (let at = 0; at < size; ) {
    const { bytesRead } = await handle.read(bytes, at, Math.min(size - at, MAX_READ_BYTES))
    if (bytesRead === 0) return bytes.subarray(0, at)
    at += bytesRead
  }
  return bytes
}
