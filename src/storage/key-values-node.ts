import { type LevelPlace, openLevel } from '../level-node.ts'
import { writeError } from './errors.ts'
import type { KeyValueStore } from './pins.ts'

/** Sorts after every key with the prefix: keys here are ASCII. */
const AFTER = '\uffff'

/**
 * A key-value store on disk; what a call acknowledged survives kill -9. A damaged one is repaired, or set aside for an empty one.
 * Throws DataDirectoryInUseError, DiskFullError, StoreFailedError.
 */
export async function openKeyValueStore(init: LevelPlace): Promise<KeyValueStore> {
  const { path } = init
  const level = await openLevel(init).catch((cause: unknown) => {
    throw writeError('open', path, cause)
  })
  return {
    put: (key, value) => mapped(path, level.put(key, value)),
    delete: (keys) => mapped(path, level.batch(keys.map((key) => ({ type: 'del' as const, key })))),
    entries: (prefix) => level.iterator({ gte: prefix, lt: prefix + AFTER }),
    close: () => level.close(),
  }
}

async function mapped(path: string, work: Promise<void>): Promise<void> {
  await work.catch((cause) => {
    throw writeError('write', path, cause)
  })
}
