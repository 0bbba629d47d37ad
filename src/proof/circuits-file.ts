import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { readPlainFile } from '../plain-file-node.ts'
import { CircuitsFileError } from './errors.ts'
import { parsePinnedKey } from './pinned-key.ts'
import type { CircuitFiles } from './prover.ts'

const path = z.string().min(1).max(4096)

const schema = z.strictObject({
  format: z.literal('minga-circuits/1'),
  /** By the circuit's name; the paths are relative to the file. */
  circuits: z.record(z.string().max(32), z.strictObject({ wasm: path, zkey: path, key: path })),
})

export type CircuitsFile = z.infer<typeof schema>

/** Four pinned keys take twenty thousand. */
const MAX_FILE_BYTES = 1024 * 1024

const readJson = async (file: string): Promise<unknown> =>
  JSON.parse((await readPlainFile(file, { maxBytes: MAX_FILE_BYTES })).toString('utf8'))

/** The circuits that the file at `file` names, with their pinned keys. Throws CircuitsFileError. */
export async function readCircuitsFile(file: string): Promise<Record<string, CircuitFiles>> {
  try {
    const { circuits } = schema.parse(await readJson(file))
    const at = (relative: string) => resolve(dirname(file), relative)
    const read = async ([name, { wasm, zkey, key }]: [string, CircuitsFile['circuits'][string]]) => {
      const pinned = parsePinnedKey(await readJson(at(key)))
      return [name, { wasm: at(wasm), zkey: at(zkey), key: pinned }] as const
    }
    return Object.fromEntries(await Promise.all(Object.entries(circuits).map(read)))
  } catch (error) {
    throw new CircuitsFileError(file, error)
  }
}
