import { DataDirectoryInUseError } from '../errors.ts'
import { openLevel, repairLevel } from '../level-node.ts'
import type { Logger } from '../log.ts'
import { silentLogger } from '../log.ts'
import { StoreUnusableError } from './errors.ts'
import type { Store } from './store.ts'

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
  const init = {
    path,
    name: 'log store',
    ifLost: 'logs are fetched from peers again',
    logger,
    keyEncoding: 'utf8',
    valueEncoding: 'view',
  } as const
  let db = await openLevel<Uint8Array>(init).catch((error: unknown) => {
    throw error instanceof DataDirectoryInUseError ? error : new StoreUnusableError(path, error)
  })
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
        .then(() => repairLevel<Uint8Array>(init))
        .catch((error: unknown) => {
          throw new StoreUnusableError(path, error)
        })
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
