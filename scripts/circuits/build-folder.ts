import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 100

/**
 * `folder`, filled by `build` where it does not exist. It appears whole or not at all, and of several processes that want it one builds while the
 * others wait.
 */
export async function buildFolder(folder: string, build: (scratch: string) => Promise<void>): Promise<string> {
  const lock = `${folder}.lock`
  mkdirSync(dirname(folder), { recursive: true })
  while (!existsSync(folder)) {
    if (!take(lock)) {
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

/** True where the lock is ours now. A lock whose process is gone (Ctrl-C, kill −9) is removed, to be tried again. */
function take(lock: string): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' })
    return true
  } catch {
    if (!isHeld(lock)) rmSync(lock, { force: true })
    return false
  }
}

function isHeld(lock: string): boolean {
  try {
    const pid = Number(readFileSync(lock, 'utf8'))
    // Empty: its process is about to write its number.
    if (pid > 0) process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
