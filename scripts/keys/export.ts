import { createHash } from 'node:crypto'
import { createReadStream, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { type VerificationKey, zKey } from 'snarkjs'
import { withCurve } from './curve.ts'
import { readR1cs } from './r1cs.ts'

/** What is committed of a key: enough to verify proofs, and to refuse another key (src/proof/pinned-key.ts reads it). */
export interface Pinned {
  name: string
  /** True where anybody can forge proofs under the key. */
  insecure: boolean
  constraints: number
  sha256: { r1cs: string; wasm: string; zkey: string; verificationKey: string }
  verificationKey: VerificationKey
}

export interface KeyFiles {
  r1cs: string
  wasm: string
  zkey: string
}

/** The facts to commit of these files. */
export async function pinnedOf({ r1cs, wasm, zkey }: KeyFiles, { name, insecure }: Pick<Pinned, 'name' | 'insecure'>): Promise<Pinned> {
  const verificationKey = await verificationKeyOf(zkey)
  return {
    name,
    insecure,
    constraints: readR1cs(r1cs).constraints,
    sha256: {
      r1cs: await hashOfFile(r1cs),
      wasm: await hashOfFile(wasm),
      zkey: await hashOfFile(zkey),
      verificationKey: hashOfVerificationKey(verificationKey),
    },
    verificationKey,
  }
}

/** What verifies proofs under the proving key. */
export function verificationKeyOf(zkey: string): Promise<VerificationKey> {
  return withCurve(() => zKey.exportVerificationKey(zkey))
}

/** The SHA-256 of the key's compact JSON, its fields in snarkjs' order. */
export function hashOfVerificationKey(key: VerificationKey): string {
  return createHash('sha256').update(JSON.stringify(key)).digest('hex')
}

/** snarkjs' Solidity verifier of the key, as the contract `Verifier<name>` and with `remark` in front. */
export async function verifierSource(zkey: string, name: string, remark: string): Promise<string> {
  const template = join(dirname(fileURLToPath(import.meta.resolve('snarkjs'))), 'templates/verifier_groth16.sol.ejs')
  const source = await withCurve(() => zKey.exportSolidityVerifier(zkey, { groth16: readFileSync(template, 'utf8') }))
  return source
    .replace('\n', `\n// ${remark}\n`)
    .replace('contract Groth16Verifier', `contract Verifier${name}`)
    .replaceAll(/[ \t]+$/gm, '')
}

/** The hash of a file in hexadecimal digits. */
export async function hashOfFile(path: string, algorithm: 'sha256' | 'blake2b512' = 'sha256'): Promise<string> {
  const hash = createHash(algorithm)
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
