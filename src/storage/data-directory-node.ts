import { chmod, readFile, stat, statfs, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { makeDirectory } from '../directories-node.ts'
import { DataDirectoryInUseError } from '../errors.ts'
import { isDamage, levelCode } from '../level-node.ts'
import type { DataDirectoryFault } from './errors.ts'
import { DataDirectoryUnusableError, DiskFullError, errorCode, writeError } from './errors.ts'
import { writeFileAtomically } from './write-file-node.ts'

/** The layout's version; a peer refuses a directory of a newer one. */
const VERSION = 1
/** Below this a peer cannot even keep its logs and its replica. */
const DEFAULT_MIN_FREE_BYTES = 64 * 1024 * 1024

export interface DataDirectory {
  /** Absolute. */
  readonly path: string
  /** The path of a part of it, `blocks` or `replica`; the directory is made when it is opened by its owner. */
  sub(name: string): string
  freeBytes(): Promise<number>
  /** Unlocks it; idempotent. */
  close(): Promise<void>
}

/**
 * Makes (mode 0700) or opens the directory and locks it for this process. The lock is one of the kernel's: it goes with the process, however
 * that ends. Throws DataDirectoryInUseError, DataDirectoryUnusableError, DiskFullError.
 */
export async function openDataDirectory(path: string, { minFreeBytes = DEFAULT_MIN_FREE_BYTES } = {}): Promise<DataDirectory> {
  const root = resolve(path)
  await prepare(root)
  // Before the lock, which is itself written to the disk: LevelDB names no code where it finds no room.
  await checkRoom(root, minFreeBytes)
  const lock = await acquire(root)
  try {
    await checkVersion(root)
    await writeFile(join(root, 'pid'), String(process.pid), { mode: 0o600 })
  } catch (error) {
    await lock.close()
    throw typed(root, error)
  }
  return { path: root, sub: (name) => join(root, name), freeBytes: () => freeBytes(root), close: () => lock.close() }
}

async function checkRoom(root: string, minFreeBytes: number): Promise<void> {
  const free = await freeBytes(root).catch((error: unknown) => {
    throw typed(root, error)
  })
  if (free < minFreeBytes) throw new DiskFullError({ path: root, freeBytes: free })
}

/** Bytes that this user may still write on the disk of `path`. */
async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path)
  return bavail * bsize
}

async function prepare(root: string): Promise<void> {
  try {
    await makeDirectory(root, { mode: 0o700 })
    const { mode } = await stat(root)
    if ((mode & 0o077) !== 0) await chmod(root, 0o700) // keys lie here
  } catch (error) {
    throw typed(root, error)
  }
}

const FAULTS: Record<string, DataDirectoryFault> = {
  ENOENT: 'not-writable',
  EEXIST: 'not-a-directory',
  ENOTDIR: 'not-a-directory',
  EACCES: 'not-writable',
  EPERM: 'not-writable',
  EROFS: 'read-only-disk',
}

function typed(path: string, error: unknown): unknown {
  const fault = FAULTS[errorCode(error) ?? '']
  return fault === undefined || error instanceof DataDirectoryUnusableError
    ? writeError('open', path, error)
    : new DataDirectoryUnusableError(path, fault, error)
}

/** An empty LevelDB is the portable way to the kernel's file locks from Node: no stale lock after kill -9, no reused pid. */
async function acquire(root: string): Promise<ClassicLevel> {
  const level = new ClassicLevel(join(root, 'lock'))
  try {
    await level.open()
    return level
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    if (levelCode(cause) === 'LEVEL_LOCKED') throw new DataDirectoryInUseError(root, await pidOf(root), cause)
    if (isDamage(cause)) throw new DataDirectoryUnusableError(join(root, 'lock'), 'corrupt', cause)
    throw typed(root, cause)
  }
}

async function pidOf(root: string): Promise<number | undefined> {
  const text = await readFile(join(root, 'pid'), 'utf8').catch(() => '')
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined
}

async function checkVersion(root: string): Promise<void> {
  const path = join(root, 'minga.json')
  const text = await readFile(path, 'utf8').catch((error) => {
    if (errorCode(error) === 'ENOENT') return undefined
    throw new DataDirectoryUnusableError(path, 'unreadable', error)
  })
  if (text === undefined) return writeFileAtomically(path, JSON.stringify({ version: VERSION }))
  const version = versionIn(text)
  if (version === undefined) throw new DataDirectoryUnusableError(path, 'corrupt')
  if (version > VERSION) throw new DataDirectoryUnusableError(path, 'newer-version')
}

function versionIn(text: string): number | undefined {
  try {
    const { version } = JSON.parse(text) as { version?: unknown }
    return Number.isSafeInteger(version) ? (version as number) : undefined
  } catch {
    return undefined
  }
}
