import { ClassicLevel } from 'classic-level'
import { DataDirectoryInUseError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { DataDirectoryUnusableError, writeError } from './errors.ts'
import type { KeyValueStore } from './pins.ts'

/** Sorts after every key with the prefix: keys here are ASCII. */
const AFTER = '\uffff'

/**
 * A key-value store on disk; what a call acknowledged survives kill -9. A damaged one is repaired where LevelDB can.
 * Throws DataDirectoryInUseError, DataDirectoryUnusableError (corrupt).
 */
export async function openKeyValueStore(directory: string, logger: Logger): Promise<KeyValueStore> {
  const level = await openOrRepair(directory, logger)
  return {
    put: (key, value) => mapped(directory, level.put(key, value)),
    delete: (keys) => mapped(directory, level.batch(keys.map((key) => ({ type: 'del' as const, key })))),
    entries: (prefix) => level.iterator({ gte: prefix, lt: prefix + AFTER }),
    close: () => level.close(),
  }
}

async function openOrRepair(directory: string, logger: Logger): Promise<ClassicLevel> {
  try {
    return await open(directory)
  } catch (error) {
    if (!isCorruption(error)) throw error
    logger.warn('pin store damaged, repairing', { directory })
  }
  try {
    await ClassicLevel.repair(directory)
    return await open(directory)
  } catch (cause) {
    throw new DataDirectoryUnusableError(directory, 'corrupt', cause)
  }
}

async function open(directory: string): Promise<ClassicLevel> {
  const level = new ClassicLevel(directory)
  try {
    await level.open()
    return level
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    if ((cause as { code?: string }).code === 'LEVEL_LOCKED') throw new DataDirectoryInUseError(directory, undefined, cause)
    throw isCorruption(error) ? error : writeError('open', directory, cause)
  }
}

/** LevelDB also says "Invalid argument" where CURRENT or the manifest is missing or cut. */
function isCorruption(error: unknown): boolean {
  for (let e: unknown = error; e instanceof Error; e = e.cause) {
    if (
      (e as { code?: string }).code === 'LEVEL_CORRUPTION' ||
      /corrupt|invalid argument|does not end with newline|not found/i.test(e.message)
    )
      return true
  }
  return false
}

async function mapped(directory: string, work: Promise<void>): Promise<void> {
  await work.catch((cause) => {
    throw writeError('write', directory, cause)
  })
}
