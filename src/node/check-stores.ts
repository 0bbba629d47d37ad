import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { CheckStores, StoreFault } from '../cli/ports.ts'
import { CLIENT_DIRECTORY } from '../config/key-files.ts'
import { DataDirectoryInUseError } from '../errors.ts'
import { damageOf } from '../level-node.ts'

/** Every LevelDB of a data directory (start-node.ts, blocks-node.ts), the lock first. */
const LOCK = 'lock'
const STORES = ['replica', 'vault', join('blocks', 'pins')]

/** Opens the stores of a data directory, its own and its client's, and closes them again; those that a process has at work are left alone. */
export const checkStores: CheckStores = async (dataDir) => {
  const found = await Promise.all([dataDir, join(dataDir, CLIENT_DIRECTORY)].map(checkDirectory))
  return {
    looked: found.flatMap(({ looked }) => looked),
    inUse: found.some(({ inUse }) => inUse),
    faults: found.flatMap(({ faults }) => faults),
  }
}

async function checkDirectory(directory: string): Promise<Awaited<ReturnType<CheckStores>>> {
  const looked: string[] = []
  const faults: StoreFault[] = []
  try {
    for (const path of [LOCK, ...STORES].map((name) => join(directory, name))) {
      if (!(await isThere(path))) continue
      looked.push(path)
      const fault = await faultOf(path)
      // Nobody repairs the lock: nothing is in it, and two processes might at once.
      if (fault !== undefined) faults.push(path === join(directory, LOCK) ? { ...fault, isRepairable: false } : fault)
    }
    return { looked, inUse: false, faults }
  } catch (error) {
    if (error instanceof DataDirectoryInUseError) return { looked: [], inUse: true, faults: [] }
    throw error
  }
}

async function faultOf(path: string): Promise<StoreFault | undefined> {
  try {
    const damage = await damageOf(path)
    return damage && { path, found: damage.message, isRepairable: true }
  } catch (error) {
    if (error instanceof DataDirectoryInUseError) throw error
    const { message, cause } = error as Error
    return { path, found: cause instanceof Error ? cause.message : message, isRepairable: false }
  }
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )
