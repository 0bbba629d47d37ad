import { readFileSync, statSync, writeFileSync } from 'node:fs'

/** Between its creation and the number of its process a lock is empty for less than a millisecond; this is room for a machine that stalls. */
const EMPTY_FOR_MS = 10_000

/** True where the file at `path` is ours now: it says which process has it. False where it is there already. */
export function takeLock(path: string): boolean {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** False where the lock is gone, its process is (Ctrl-C, kill −9), or it has been empty for longer than it takes to write a number. */
export function isHeld(path: string): boolean {
  try {
    const pid = Number(readFileSync(path, 'utf8'))
    if (!(pid > 0)) return Date.now() - statSync(path).mtimeMs < EMPTY_FOR_MS
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
