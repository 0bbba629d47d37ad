import { stat } from 'node:fs/promises'

/** Whether others on this machine may read or write the file at `path`; undefined where there is none. */
export async function isReadByOthers(path: string): Promise<boolean | undefined> {
  const mode = await stat(path).then(
    (found) => found.mode,
    () => undefined,
  )
  // Windows has no such bits.
  return mode === undefined ? undefined : process.platform !== 'win32' && (mode & 0o077) !== 0
}
