import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { SizeClassName } from '../../src/job/settlement/size-classes.ts'
import type { CircuitsFile } from '../../src/proof/circuits-file.ts'
import type { Artifacts } from './artifacts.ts'
import { CACHE } from './compile.ts'
import { pinnedPath } from './pin.ts'

const LIST = join(CACHE, 'circuits.json')

/** Names these circuits, beside those that were named before and are still there, in the file that peers read; gives its path. */
export function listCircuits(built: Partial<Record<SizeClassName, Artifacts>>, list = LIST): string {
  const path = (absolute: string) => relative(dirname(list), absolute)
  const entries = Object.entries(built).map(([name, { wasm, zkey }]) => {
    return [name, { wasm: path(wasm), zkey: path(zkey), key: path(pinnedPath(name as SizeClassName)) }] as const
  })
  const named: CircuitsFile = { format: 'minga-circuits/1', circuits: { ...namedBefore(list), ...Object.fromEntries(entries) } }
  // Peers may read it at any moment.
  const whole = `${list}.${process.pid}`
  writeFileSync(whole, `${JSON.stringify(named, null, 2)}\n`)
  renameSync(whole, list)
  return list
}

function namedBefore(list: string): CircuitsFile['circuits'] {
  if (!existsSync(list)) return {}
  const { circuits } = JSON.parse(readFileSync(list, 'utf8')) as CircuitsFile
  return Object.fromEntries(
    Object.entries(circuits).filter(([, { wasm, zkey }]) => [wasm, zkey].every((file) => existsSync(join(dirname(list), file)))),
  )
}
