/** A peer that proves, says so, and is killed. Arguments: paths of program and key, and of the inputs as JSON. */
import { readFileSync } from 'node:fs'
import { readPinned } from '../../../scripts/circuits/pin.ts'
import { parsePinnedKey } from '../../../src/proof/pinned-key.ts'
import { createProver } from '../../../src/proof/prover.ts'

const [wasm, zkey, input] = process.argv.slice(2)
const prover = createProver({}, { circuits: { '4x4': { wasm: wasm!, zkey: zkey!, key: parsePinnedKey(readPinned('4x4')) } } })
await prover.prove('4x4', JSON.parse(readFileSync(input!, 'utf8')), { onProgress: (step) => process.stdout.write(`${step}\n`) })
