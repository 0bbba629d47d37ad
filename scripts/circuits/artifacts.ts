import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { SizeClassName } from '../../src/job/settlement/size-classes.ts'
import { hashOfFile } from '../keys/export.ts'
import { INSECURE_DEV_SECRET, writeInsecureDevKey } from '../keys/insecure-dev-key.ts'
import { buildFolder } from './build-folder.ts'
import { CACHE, CIRCUITS, type Compiled, compileCircuit, mainSource } from './compile.ts'

const KEY_FILE = 'insecure-dev.zkey'

/** The files that a prover of one size class needs. */
export interface Artifacts extends Compiled {
  /** The proving key: INSECURE, anybody can forge under it. */
  zkey: string
}

/** The circuit of a size class as the keys are made for it. */
export function compileSizeClass(name: SizeClassName): Promise<Compiled> {
  return compileCircuit({ name, source: mainSource(join(CIRCUITS, 'main', `settlement-${name}.circom`)), optimization: 2 })
}

/** Circuit and INSECURE development key of a size class, built where they are missing: seconds the first time, nothing after. */
export async function buildArtifacts(name: SizeClassName): Promise<Artifacts> {
  const compiled = await compileSizeClass(name)
  return { ...compiled, zkey: await insecureDevKey(compiled.r1cs) }
}

/** The INSECURE development key of any constraint system, cached by the system's content. */
export async function insecureDevKey(r1cs: string): Promise<string> {
  const hash = createHash('sha256')
    .update(`${INSECURE_DEV_SECRET}\0${await hashOfFile(r1cs)}`)
    .digest('hex')
  const folder = await buildFolder(join(CACHE, `insecure-dev-key-${hash.slice(0, 16)}`), (scratch) =>
    writeInsecureDevKey(r1cs, join(scratch, KEY_FILE)),
  )
  return join(folder, KEY_FILE)
}
