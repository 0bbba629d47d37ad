import { randomBytes } from 'node:crypto'
import { constants, existsSync } from 'node:fs'
import { mkdtemp, open, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Payload } from './messages.ts'

/** Above this a file in shared memory beats IPC, and keeps the copy off the parent's event loop (docs/COMPUTE.md has the figures). */
export const INLINE_BYTES = 1024 * 1024

const NAME = /^[0-9a-f]{64}$/

const PREFIX = 'minga-compute-'

/** A private folder (mode 0700), in memory where the system offers that. Folders that a dead process left are swept away first. */
export async function createExchangeDirectory(): Promise<string> {
  const parent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
  for (const name of await readdir(parent)) {
    const owner = Number(new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1])
    // another user's folder cannot be removed, and is not ours to sweep
    if (owner > 0 && !isAlive(owner)) await sweep(join(parent, name)).catch(() => {})
  }
  return mkdtemp(join(parent, `${PREFIX}${process.pid}-`))
}

/** A process of another container is not seen here, so what was in use within the hour stays. */
async function sweep(folder: string): Promise<void> {
  const { mtimeMs } = await stat(folder)
  if (Date.now() - mtimeMs > 3_600_000) await rm(folder, { recursive: true, force: true })
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Bytes for the other side, which takes them with `takePayload`. `name` (64 hex digits) names the file where one is needed. */
export async function sendPayload(directory: string, bytes: Uint8Array, name = randomBytes(32).toString('hex')): Promise<Payload> {
  if (bytes.length <= INLINE_BYTES) return { inline: bytes }
  await using file = await open(join(directory, name), 'w', 0o600)
  await file.writeFile(bytes)
  return { file: name, bytes: bytes.length }
}

/** The other side's bytes in a buffer of their own (IPC's are not aligned); the file is removed. Throws unless they are `bytes` long. */
export async function takePayload(directory: string, payload: Payload, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
  if ('inline' in payload) {
    if (payload.inline.length !== bytes) throw new Error(`expected a payload of ${bytes} bytes, found ${payload.inline.length}`)
    return new Uint8Array(payload.inline)
  }
  if (!NAME.test(payload.file)) throw new Error('expected a payload file named by 64 hex digits')
  const path = join(directory, payload.file)
  try {
    await using file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
    const { size } = await file.stat()
    if (size !== bytes) throw new Error(`expected a payload of ${bytes} bytes, found a file of ${size}`)
    // not zeroed first: every byte is read over it
    const content = new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer)
    for (let done = 0; done < bytes; ) {
      const { bytesRead } = await file.read(content, done, bytes - done, done)
      if (bytesRead === 0) throw new Error(`expected a payload of ${bytes} bytes, found its end at ${done}`)
      done += bytesRead
    }
    return content
  } finally {
    await rm(path, { force: true })
  }
}
