import { rename } from 'node:fs/promises'
import { ClassicLevel } from 'classic-level'
import { DataDirectoryInUseError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { silentLogger } from '../log.ts'
import { StoreUnusableError } from './errors.ts'
import type { Store } from './store.ts'

type Database = ClassicLevel<string, Uint8Array>

/** Bytes read ahead by an iterator: a few envelopes of 32 records at once, instead of LevelDB's one and a half. */
const READ_AHEAD_BYTES = 256 * 1024

export interface LevelStoreInit {
  /** A directory of its own; made where there is none. */
  path: string
  logger?: Logger
}

/**
 * A store in one LevelDB. A directory that LevelDB cannot open is repaired; where that fails it is set aside as `<path>.damaged-<ms>` and an
 * empty one takes its place. Throws DataDirectoryInUseError, StoreUnusableError.
 */
export async function openLevelStore({ path, logger = silentLogger }: LevelStoreInit): Promise<Store> {
  let db = await openOrRepair(path, logger)
  let closing: Promise<void> | undefined
  let repairing: Promise<void> | undefined
  return {
    async write(operations, { durable }) {
      await db.batch([...operations], { sync: durable })
    },
    async getMany(keys) {
      return db.getMany([...keys], { fillCache: false })
    },
    range(prefix) {
      return db.iterator({ gte: prefix, lt: `${prefix}\x7f`, highWaterMarkBytes: READ_AHEAD_BYTES })
    },
    repair() {
      // Several Jobs may meet the damage at once.
      repairing ??= db
        .close()
        .then(() => repair(path, logger))
        .then((repaired) => {
          db = repaired
        })
        .finally(() => {
          repairing = undefined
        })
      return repairing
    },
    close() {
      closing ??= db.close()
      return closing
    },
  }
}

async function open(path: string): Promise<Database> {
  const db: Database = new ClassicLevel(path, { keyEncoding: 'utf8', valueEncoding: 'view' })
  await db.open()
  return db
}

async function openOrRepair(path: string, logger: Logger): Promise<Database> {
  try {
    return await open(path)
  } catch (error) {
    if (codeOf(error) === 'LEVEL_LOCKED') throw new DataDirectoryInUseError(path, undefined, error)
    if (!isDamage(error)) throw new StoreUnusableError(path, error)
    logger.error('log store is damaged, repairing it', { path, cause: String((error as Error).cause ?? error) })
    return repair(path, logger)
  }
}

async function repair(path: string, logger: Logger): Promise<Database> {
  try {
    await ClassicLevel.repair(path)
    return await open(path)
  } catch (error) {
    const aside = `${path}.damaged-${Date.now()}`
    logger.error('log store cannot be repaired, setting it aside; logs are fetched from peers again', { path, aside })
    try {
      await rename(path, aside)
      return await open(path)
    } catch (cause) {
      throw new StoreUnusableError(path, new AggregateError([error, cause]))
    }
  }
}

function codeOf(error: unknown): string | undefined {
  const { code, cause } = error as { code?: string; cause?: unknown }
  return code === 'LEVEL_DATABASE_NOT_OPEN' && cause !== undefined ? codeOf(cause) : code
}

/** LevelDB tells a missing table or MANIFEST as an I/O error, as it does a full disk: only the former mention the file. */
function isDamage(error: unknown): boolean {
  const cause = (error as Error).cause ?? error
  return codeOf(error) === 'LEVEL_CORRUPTION' || /corrupt|CURRENT|MANIFEST|missing files|No such file/i.test(String(cause))
}
