import { join } from 'node:path'
import { silentLogger } from '../log.ts'
import type { BlocksComponents, BlocksInit, LocalBlocks } from './blocks.ts'
import { createBlocks } from './blocks.ts'
import { openKeyValueStore } from './key-values-node.ts'
import { createPins } from './pins.ts'
import { openFsStore } from './store-node.ts'

export interface NodeBlocksInit extends Omit<BlocksInit, 'store' | 'pins'> {
  /** Below the data directory, which must be locked by this process. */
  directory: string
  /** Dates the pins. @default Date.now */
  wallClockMs?: () => number
}

/** Blocks and pins on disk in `directory`. Throws DataDirectoryInUseError, DiskFullError, StoreFailedError. */
export async function createNodeBlocks(
  components: BlocksComponents,
  { directory, wallClockMs, ...init }: NodeBlocksInit,
): Promise<LocalBlocks> {
  const store = await openFsStore(directory)
  const keyValues = await openKeyValueStore({
    path: join(directory, 'pins'),
    name: 'pin store',
    ifLost: 'blocks of running Jobs may be collected, and are fetched again',
    logger: components.logger ?? silentLogger,
  })
  try {
    return await createBlocks(components, { ...init, store, pins: createPins(keyValues, wallClockMs ? { wallClockMs } : {}) })
  } catch (error) {
    await keyValues.close()
    throw error
  }
}
