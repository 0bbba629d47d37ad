import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** No build takes so long, even on a busy machine: a lock that is older was left by a process that died. */
const STALE_LOCK_MS = 300_000
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
    } finally {
      rmSync(scratch, { recursive: true, force: true })
      rmSync(lock, { recursive: true, force: true })
    }
  }
  return folder
}

function take(lock: string): boolean {
  try {
    mkdirSync(lock)
    return true
  } catch {
    const held = statSync(lock, { throwIfNoEntry: false })
    if (held !== undefined && Date.now() - held.mtimeMs > STALE_LOCK_MS) rmSync(lock, { recursive: true, force: true })
    return false
  }
}
