import { join } from 'node:path'
import { silentLogger } from '../log.ts'
import type { BlocksComponents, BlocksInit, LocalBlocks } from './blocks.ts'
import { createBlocks } from './blocks.ts'
import { createPins } from './pins.ts'
import { openKeyValueStore } from './pins-node.ts'
import { openFsStore } from './store-node.ts'

export interface NodeBlocksInit extends Omit<BlocksInit, 'store' | 'pins'> {
  /** Below the data directory, which must be locked by this process. */
  directory: string
  /** Dates the pins. @default Date.now */
  wallClockMs?: () => number
}

/** Blocks and pins on disk in `directory`. Throws DataDirectoryUnusableError, DataDirectoryInUseError, DiskFullError, StoreFailedError. */
export async function createNodeBlocks(
  components: BlocksComponents,
  { directory, wallClockMs, ...init }: NodeBlocksInit,
): Promise<LocalBlocks> {
  const store = await openFsStore(directory)
  const keyValues = await openKeyValueStore(join(directory, 'pins'), components.logger ?? silentLogger)
  try {
    return await createBlocks(components, { ...init, store, pins: createPins(keyValues, wallClockMs ? { wallClockMs } : {}) })
  } catch (error) {
    await keyValues.close()
    throw error
  }
}
