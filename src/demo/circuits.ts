import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import type { Abortable } from '../ports.ts'
import { CircuitsUnbuiltError } from './errors.ts'

/** The builder is for development: it comes with the repository and not with the package. */
const BUILDER = resolve(import.meta.dirname, '../../scripts/circuits/main.ts')
const LIST = resolve(import.meta.dirname, '../../.cache/circuits/circuits.json')
/** The circuit for the default shape, 5 × (10+1) MicroJobs. */
const SIZE_CLASS = '5x10'

/** The file that names the circuit, which is built where it is missing: seconds the first time. Throws CircuitsUnbuiltError, or the signal's reason. */
export async function ensureCircuits({ signal, onBuilding }: Abortable & { onBuilding(): void }): Promise<string> {
  if (!existsSync(BUILDER)) throw new CircuitsUnbuiltError('no scripts/circuits, which only the repository has')
  if (!existsSync(LIST)) onBuilding()
  try {
    // Also where it is there: the sources may have changed since.
    await promisify(execFile)(process.execPath, ['--no-warnings', BUILDER, SIZE_CLASS], { ...(signal && { signal }) })
  } catch (error) {
    signal?.throwIfAborted()
    const { stderr = '' } = error as { stderr?: string }
    throw new CircuitsUnbuiltError(/^\w*Error: .*/m.exec(stderr)?.[0] ?? 'a builder that fails', error)
  }
  return LIST
}
