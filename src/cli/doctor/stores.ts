import type { Config } from '../../config.ts'
import { loadStoreCheck } from '../core.ts'
import type { Check } from './check.ts'

/** Whether what a peer keeps on disk can be opened again. Repairs nothing. */
export async function checkStores({ dataDir }: Config): Promise<Check> {
  const check = await loadStoreCheck()
  const { looked, inUse, faults } = await check(dataDir)
  const facts = { looked, inUse, faults }
  if (faults.length === 0) {
    const found = inUse ? 'in use by a running process' : looked.length === 0 ? 'will be made at the first start' : 'all open'
    return { name: 'stores', status: 'ok', found, facts }
  }
  const mended = faults.filter(({ isRepairable }) => isRepairable).map(({ path }) => path)
  const others = faults.filter(({ isRepairable }) => !isRepairable).map(({ path }) => path)
  const fixes = [
    ...(mended.length === 0
      ? []
      : [`the next start repairs ${mended.join(', ')}, or sets it aside: copy it before, if what is in it matters`]),
    ...(others.length === 0 ? [] : [`check the disk and the permissions of ${others.join(', ')}; where they are in order, move it away`]),
  ]
  return {
    name: 'stores',
    status: 'fail',
    found: faults.map(({ path, found }) => `${path}: ${found}`).join('; '),
    fix: fixes.join('; '),
    facts,
  }
}
