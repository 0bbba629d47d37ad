import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isSizeClassName, type SizeClassName } from '../../src/job/settlement/size-classes.ts'
import { type PinnedKey, parsePinnedKey } from '../../src/proof/pinned-key.ts'
import { ceremonyVerifier } from '../ceremony/ceremony.ts'
import { lastStep, readTranscript } from '../ceremony/transcript.ts'
import { hashOfFile, hashOfVerificationKey, type Pinned, verificationKeyOf } from '../keys/export.ts'

/** What a ceremony has exported for one size class, held against its own transcript. */
export interface ExportedKey {
  sizeClass: SizeClassName
  key: PinnedKey
  /** The Solidity verifier, which follows from the proving key. */
  source: string
  files: { wasm: string; zkey: string; key: string }
}

/**
 * Reads the folder that `npm run ceremony -- export` has written, and throws where a file is not what the transcript says: the key's and the program's
 * hashes, the verification key and the Solidity verifier that follow from the key, and the constraint system, which must be `r1csSha256` of its class. What it
 * cannot see is whether the contributions are sound: `npm run ceremony -- verify` does, with the powers of tau.
 */
export async function readExportedKey(folder: string, r1csOf: (sizeClass: SizeClassName) => string): Promise<ExportedKey> {
  const transcript = readTranscript(folder)
  const { circuit: sizeClass, steps } = transcript
  if (!isSizeClassName(sizeClass)) throw new Error(`expected a ceremony for a size class in ${folder}, found one for ${sizeClass}`)
  const expect = (what: string, expected: string, found: string) => {
    if (expected !== found) throw new Error(`expected the ${what} in ${folder} to be ${expected}, found ${found}`)
  }
  const at = (name: string) => {
    const path = join(folder, name)
    if (!existsSync(path)) throw new Error(`expected ${path}, found none: export the ceremony again`)
    return path
  }
  const files = { wasm: at(`${sizeClass}.wasm`), zkey: at(`${sizeClass}.zkey`), key: at(`${sizeClass}.json`) }
  const last = lastStep(transcript)
  if (last.kind !== 'beacon' || !steps.some(({ kind }) => kind === 'contribution'))
    throw new Error(
      `expected a ceremony with contributions that a beacon has ended in ${folder}, found one that has neither or only one of them`,
    )
  const key = parsePinnedKey(JSON.parse(readFileSync(files.key, 'utf8')))
  expect('constraint system', r1csOf(sizeClass), transcript.r1csSha256)
  expect('constraint system of the key', transcript.r1csSha256, key.sha256.r1cs)
  expect('name of the key', sizeClass, key.name)
  expect('proving key', last.sha256, await hashOfFile(files.zkey))
  expect('pinned proving key', last.sha256, key.sha256.zkey)
  expect('program', key.sha256.wasm, await hashOfFile(files.wasm))
  if (key.insecure) throw new Error(`expected a ceremony's key in ${folder}, found one that calls itself insecure`)
  const verificationKey = await verificationKeyOf(files.zkey)
  expect('verification key', hashOfVerificationKey(verificationKey), key.sha256.verificationKey)
  const written = (JSON.parse(readFileSync(files.key, 'utf8')) as Pinned).verificationKey
  expect('verification key in full', JSON.stringify(verificationKey), JSON.stringify(written))
  const source = await ceremonyVerifier(files.zkey, transcript, key)
  if (readFileSync(at(`Verifier${sizeClass}.sol`), 'utf8') !== source)
    throw new Error(
      `expected Verifier${sizeClass}.sol in ${folder} to follow from ${sizeClass}.zkey, found another: export the ceremony again`,
    )
  return { sizeClass, key, source, files }
}
