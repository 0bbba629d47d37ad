import { mkdtemp, rmdir, stat, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isReadByOthers } from '../../config/key-file-modes-node.ts'
import { CLIENT_DIRECTORY, KEY_FILES } from '../../config/key-files.ts'
import { formatBytes } from '../../config/units.ts'
import type { Config } from '../../config.ts'
import type { Check } from './check.ts'

/** Less is no room for one Job of the default shape (200 MiB) beside what it makes. */
const NEEDED_BYTES = 512 * 2 ** 20

/** Room and permission where the data directory is, or will be. Leaves nothing behind. */
export async function checkDisk({ dataDir, storage }: Config): Promise<Check> {
  const place = await nearestExisting(dataDir)
  const found = place === dataDir ? dataDir : `${dataDir} (not made yet)`
  const fix = 'name another directory with --data-dir, or give this user the right to write'
  if (!(await stat(place)).isDirectory()) return { name: 'disk', status: 'fail', found: `${place} is a file`, fix }
  if (!(await isWritable(place))) {
    return { name: 'disk', status: 'fail', found: `${found} cannot be written by this user`, fix }
  }
  const { bavail, bsize } = await statfs(place)
  const freeBytes = bavail * bsize
  const facts = { dataDir, freeBytes, maxBytes: storage.maxBytes }
  const text = `${found}, ${formatBytes(freeBytes)} free`
  if (freeBytes < NEEDED_BYTES) {
    return {
      name: 'disk',
      status: 'fail',
      found: text,
      fix: `free at least ${formatBytes(NEEDED_BYTES)}, or name another directory with --data-dir`,
      facts,
    }
  }
  if (freeBytes < storage.maxBytes) {
    return {
      name: 'disk',
      status: 'warn',
      found: text,
      fix: `less than storage.maxBytes (${formatBytes(storage.maxBytes)}): lower it to what is free`,
      facts,
    }
  }
  return { name: 'disk', status: 'ok', found: text, facts }
}

/** Tried, not asked: to `access` the superuser may do everything, also where no directory can ever be made (`/proc`). */
async function isWritable(directory: string): Promise<boolean> {
  try {
    await rmdir(await mkdtemp(join(directory, '.minga-doctor-')))
    return true
  } catch {
    return false
  }
}

async function nearestExisting(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    const exists = await stat(at).then(
      () => true,
      () => false,
    )
    if (exists || at === dirname(at)) return at
  }
}

/** Secret keys that others on this machine could read. */
export async function checkKeys({ dataDir, walletKeyFile, identityFile, pnetKeyFile }: Config): Promise<Check> {
  const named = [walletKeyFile, identityFile, pnetKeyFile].filter((path) => path !== undefined)
  const missing: string[] = []
  const open: string[] = []
  const made = [dataDir, join(dataDir, CLIENT_DIRECTORY)].flatMap((place) => Object.values(KEY_FILES).map((name) => join(place, name)))
  for (const path of [...named, ...made]) {
    const isOpen = await isReadByOthers(path)
    if (isOpen === undefined) missing.push(path)
    else if (isOpen) open.push(path)
  }
  const lost = missing.filter((path) => named.includes(path))
  if (lost.length > 0)
    return { name: 'keys', status: 'fail', found: `nothing at ${lost.join(', ')}`, fix: 'correct the path, or unset it to have a key made' }
  if (open.length > 0)
    return { name: 'keys', status: 'warn', found: `${open.join(', ')} can be read by others`, fix: `chmod 600 ${open.join(' ')}` }
  return {
    name: 'keys',
    status: 'ok',
    found: made.every((path) => missing.includes(path))
      ? 'will be made at the first start, readable by this user only'
      : 'readable by this user only',
  }
}
