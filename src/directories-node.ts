import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Makes the directory and what is missing above it; one that is there stays as it is. In place of Node's own recursive mkdir, which never ends
 * where a folder that is there refuses to hold another with ENOENT: /proc, automounted homes. Throws the system's error.
 */
export async function makeDirectory(path: string, { mode = 0o777 } = {}): Promise<void> {
  try {
    await mkdir(path, { mode })
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'ENOENT' && (await isDirectory(path))) return
    const parent = dirname(path)
    if (code !== 'ENOENT' || parent === path) throw error
    await makeDirectory(parent, { mode })
    await mkdir(path, { mode }).catch((again: unknown) => {
      if ((again as NodeJS.ErrnoException).code !== 'EEXIST') throw again
    })
  }
}

/** Of a directory that is there a read-only disk says EROFS, and Windows of a drive EPERM. */
async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}
