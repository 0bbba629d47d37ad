import type { CID } from 'multiformats/cid'
import type { Logger } from '../log.ts'
import type { FetchOptions } from '../ports.ts'
import { isRaw, withoutAsking } from './cid.ts'
import { DEFAULT_MAX_BYTES } from './limits.ts'
import type { Session } from './session.ts'
import { rangeOf, readRoot, walk } from './walk.ts'

/** A file, and one operation's way to its blocks. */
export interface FileAccess {
  root: CID
  session: Session
  logger: Logger
}

/** The bytes of the file, or of a range of it. Throws what Blocks.read throws. */
export async function readFile(
  { root, session, logger }: FileAccess,
  options: Omit<FetchOptions, 'signal'> & { offset?: number; length?: number },
): Promise<Uint8Array> {
  const { maxBytes = DEFAULT_MAX_BYTES, onProgress } = options
  if (options.offset === undefined && options.length === undefined) await anticipate(root, session)
  const node = await readRoot({ root, session })
  const range = rangeOf(root, node.sizeBytes, options, maxBytes)
  const result = new Uint8Array(range.end - range.start)
  let done = 0
  const emit = (at: number, bytes: Uint8Array): void => {
    const from = Math.max(0, range.start - at)
    const part = bytes.subarray(from, Math.max(from, range.end - at))
    if (part.length === 0) return
    result.set(part, at + from - range.start)
    done += part.length
    onProgress?.(done, result.length)
  }
  await walk({ root, session, emit }, node, range)
  // A full disk does not keep a reader from bytes that are here and checked.
  await session.stored().catch((error) => logger.warn('block not kept', { cid: root.toString(), error }))
  return result
}

/** Brings all blocks of the file into the store; gives the file's size in bytes. Throws what Blocks.fetch throws. */
export async function bringFile({ root, session }: Omit<FileAccess, 'logger'>, options: Omit<FetchOptions, 'signal'>): Promise<number> {
  const { maxBytes = DEFAULT_MAX_BYTES, onProgress } = options
  await anticipate(root, session)
  const node = await readRoot({ root, session })
  const range = rangeOf(root, node.sizeBytes, {}, maxBytes)
  let done = 0
  const count = (bytes: number): void => {
    done += bytes
    onProgress?.(done, node.sizeBytes)
  }
  await walk({ root, session, emit: (_at, bytes) => count(bytes.length), skip: count }, node, range)
  await session.stored()
  return node.sizeBytes
}

/** A whole file that is not here yet is asked for in one go. */
async function anticipate(root: CID, session: Session): Promise<void> {
  if (!isRaw(root) && withoutAsking(root) === undefined && (await session.sizeOf(root)) === undefined) session.prefetch()
}
