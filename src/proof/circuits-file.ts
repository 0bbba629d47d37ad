import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
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

/** The circuits that the file at `file` names, with their pinned keys. Throws CircuitsFileError. */
export async function readCircuitsFile(file: string): Promise<Record<string, CircuitFiles>> {
  try {
    const { circuits } = schema.parse(JSON.parse(await readFile(file, 'utf8')))
    const at = (relative: string) => resolve(dirname(file), relative)
    const read = async ([name, { wasm, zkey, key }]: [string, CircuitsFile['circuits'][string]]) => {
      const pinned = parsePinnedKey(JSON.parse(await readFile(at(key), 'utf8')))
      return [name, { wasm: at(wasm), zkey: at(zkey), key: pinned }] as const
    }
    return Object.fromEntries(await Promise.all(Object.entries(circuits).map(read)))
  } catch (error) {
    throw new CircuitsFileError(file, error)
  }
}
