import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeDirectory } from '../../src/directories-node.ts'
import { isHeld, takeLock } from '../lock-file.ts'

const POLL_MS = 100

/**
 * `folder`, filled by `build` where it does not exist. It appears whole or not at all, and of several processes that want it one builds while the
 * others wait.
 */
export async function buildFolder(folder: string, build: (scratch: string) => Promise<void>): Promise<string> {
  const lock = `${folder}.lock`
  await makeDirectory(dirname(folder))
  while (!existsSync(folder)) {
    if (!takeLock(lock)) {
      if (!isHeld(lock)) rmSync(lock, { force: true })
      await sleep(POLL_MS)
      continue
    }
    const scratch = mkdtempSync(join(dirname(folder), 'building-'))
    try {
      if (existsSync(folder)) return folder
      await build(scratch)
      renameSync(scratch, folder)
    } catch (error) {
      // Two that found the same lock of a dead process may both have built: the content is the same.
      if (!existsSync(folder)) throw error
    } finally {
      rmSync(scratch, { recursive: true, force: true })
      rmSync(lock, { force: true })
    }
  }
  return folder
}
