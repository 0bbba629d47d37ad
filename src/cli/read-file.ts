import { formatBytes } from '../config/units.ts'
import { readPlainFile } from '../plain-file-node.ts'
import { FileUnreadableError } from './errors.ts'

export interface FileLimit {
  /** What it should be, for the messages. */
  what: string
  maxBytes: number
  /** What to do where it is larger. */
  hint: string
}

/** The bytes of a plain file of at most `maxBytes` that the user named. Throws FileUnreadableError. */
export async function readNamedFile(path: string, { what, maxBytes, hint }: FileLimit): Promise<Buffer> {
  try {
    return await readPlainFile(path, { maxBytes })
  } catch (error) {
    const { size } = error as { size?: number }
    if (size !== undefined) throw new FileUnreadableError(`${what} of at most ${formatBytes(maxBytes)}`, path, formatBytes(size), hint)
    throw new FileUnreadableError(what, path, error)
  }
}
