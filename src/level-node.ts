import { readdir, rename } from 'node:fs/promises'
import { ClassicLevel, type DatabaseOptions } from 'classic-level'
import { DataDirectoryInUseError } from './errors.ts'
import type { Logger } from './log.ts'

/** Where a LevelDB lies, and what is said of it. */
export interface LevelPlace {
  /** A directory of its own; made where there is none. */
  path: string
  /** What an operator calls it in the log. */
  name: string
  /** What follows where nothing of it can be saved, for the log. */
  ifLost: string
  logger: Logger
}

export type LevelInit<V> = LevelPlace & DatabaseOptions<string, V>

/**
 * A LevelDB, open. A damaged one is repaired; where that fails it is set aside as `<path>.damaged-<ms>` and an empty one takes its place.
 * Throws DataDirectoryInUseError, and what LevelDB says where that is no damage: no room, no permission.
 */
export async function openLevel<V = string>(init: LevelInit<V>): Promise<ClassicLevel<string, V>> {
  const fault = (await isHeadless(init.path)) ? new Error('CURRENT is missing') : undefined
  try {
    if (fault === undefined) return await open(init)
  } catch (error) {
    if (levelCode(error) === 'LEVEL_LOCKED') throw new DataDirectoryInUseError(init.path, undefined, error)
    if (!isDamage(error)) throw error
    return mend(init, error)
  }
  return mend(init, fault)
}

/** Repairs the closed LevelDB at `path`, or sets it aside, and opens what is there then. */
export async function repairLevel<V = string>(init: LevelInit<V>): Promise<ClassicLevel<string, V>> {
  const { path, name, ifLost, logger } = init
  try {
    await ClassicLevel.repair(path)
    return await open(init)
  } catch (error) {
    const aside = `${path}.damaged-${Date.now()}`
    logger.error(`${name} cannot be repaired, setting it aside; ${ifLost}`, { path, aside })
    try {
      await rename(path, aside)
      return await open(init)
    } catch (cause) {
      throw new AggregateError([error, cause], `${path} can be neither repaired nor set aside`, { cause })
    }
  }
}

/** How the LevelDB at `path` is, nothing in it repaired: undefined where it opens. Throws as openLevel does. */
export async function damageOf(path: string): Promise<Error | undefined> {
  if (await isHeadless(path)) return new Error('CURRENT is missing')
  const level = new ClassicLevel(path, { createIfMissing: false })
  try {
    await level.open()
    await level.close()
    return undefined
  } catch (error) {
    if (levelCode(error) === 'LEVEL_LOCKED') throw new DataDirectoryInUseError(path, undefined, error)
    if (isDamage(error)) return innermost(error)
    throw error
  }
}

/** LevelDB tells a missing table or MANIFEST as an I/O error, as it does a full disk: only the former mention the file. */
export function isDamage(error: unknown): boolean {
  if (levelCode(error) === 'LEVEL_CORRUPTION') return true
  const text = String(innermost(error))
  return (
    /corrupt|missing files|No such file/i.test(text) || (/CURRENT|MANIFEST/.test(text) && !/No space|quota|denied|Read-only/i.test(text))
  )
}

/** LevelDB's own code, which stands below the one of the door that it came by. */
export function levelCode(error: unknown): string | undefined {
  const { code, cause } = (error ?? {}) as { code?: string; cause?: unknown }
  return code === 'LEVEL_DATABASE_NOT_OPEN' && cause !== undefined ? levelCode(cause) : code
}

function mend<V>(init: LevelInit<V>, fault: unknown): Promise<ClassicLevel<string, V>> {
  init.logger.error(`${init.name} is damaged, repairing it`, { path: init.path, cause: String(innermost(fault)) })
  return repairLevel(init)
}

async function open<V>({ path, name: _, ifLost: __, logger: ___, ...options }: LevelInit<V>): Promise<ClassicLevel<string, V>> {
  const level = new ClassicLevel<string, V>(path, options)
  await level.open()
  return level
}

/** Without CURRENT LevelDB takes the directory for a new one, and what lies there is gone without a word. */
async function isHeadless(path: string): Promise<boolean> {
  const names = await readdir(path).catch((): string[] => [])
  return !names.includes('CURRENT') && names.some((name) => /^MANIFEST-|\.(ldb|sst)$/.test(name))
}

function innermost(error: unknown): Error {
  const { cause } = error as Error
  return cause instanceof Error ? innermost(cause) : (error as Error)
}
