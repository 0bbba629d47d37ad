import { statSync } from 'node:fs'
import { isSizeClassName, SIZE_CLASS_NAMES, type SizeClassName } from '../../src/job/settlement/size-classes.ts'
import { hashOfFile } from '../keys/export.ts'
import { readR1cs } from '../keys/r1cs.ts'
import { telling } from '../telling.ts'
import { type Artifacts, buildArtifacts } from './artifacts.ts'
import { listCircuits } from './circuits-list.ts'
import { pin, readPinned } from './pin.ts'

/*
 * `npm run circuits [-- <size class>…] [--pin]` builds the circuits and their INSECURE development keys into .cache/circuits, and checks them
 * against circuits/keys. `.cache/circuits/circuits.json` names them for `--chain-circuits`. With `--pin` it writes circuits/keys and contracts/verifiers
 * instead, which is for after a change of the circuit.
 */

async function circuits(): Promise<void> {
  const named = process.argv.slice(2).filter((argument) => argument !== '--pin')
  const unknown = named.filter((name) => !isSizeClassName(name))
  if (unknown.length > 0) throw new Error(`expected size classes of ${SIZE_CLASS_NAMES.join(', ')}, found ${unknown.join(', ')}`)

  console.log('INSECURE development keys: anybody can forge proofs under them. For tests, demo and development chains only.')
  const built: Partial<Record<SizeClassName, Artifacts>> = {}
  for (const name of SIZE_CLASS_NAMES.filter((name) => named.length === 0 || named.includes(name))) {
    const artifacts = await buildArtifacts(name)
    if (process.argv.includes('--pin')) await pin(name, artifacts)
    await compare(name, artifacts)
    built[name] = artifacts
    const megabytes = (statSync(artifacts.zkey).size / 1e6).toFixed(1)
    console.log(
      `${name}: ${readR1cs(artifacts.r1cs).constraints} constraints, key ${megabytes} MB\n  ${artifacts.wasm}\n  ${artifacts.zkey}`,
    )
  }
  console.log(`listed in ${listCircuits(built)}`)
}

async function compare(name: SizeClassName, artifacts: Artifacts): Promise<void> {
  const { sha256 } = readPinned(name)
  for (const kind of ['r1cs', 'wasm', 'zkey'] as const) {
    const found = await hashOfFile(artifacts[kind])
    if (found !== sha256[kind]) {
      throw new Error(
        `expected the ${kind} of ${name} to have SHA-256 ${sha256[kind]}, found ${found}: \`npm run circuits -- --pin\` pins it anew`,
      )
    }
  }
}

await telling(circuits)
