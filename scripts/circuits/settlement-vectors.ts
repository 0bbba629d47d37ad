import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { proveChunk } from '../../src/job/settlement/prove-chunk.ts'
import { SIZE_CLASSES } from '../../src/job/settlement/size-classes.ts'
import { sampleChunk } from '../../test/job/settlement/sample-chunk.ts'
import { createInsecureDevProver } from './insecure-dev-prover.ts'

/*
 * `node scripts/circuits/settlement-vectors.ts` writes test/vectors/settlement-4x4.json: a whole settlement with a real proof under the INSECURE
 * development key, frozen so that twin, verifier and contract are held to the same numbers. To be run again after a change of the circuit.
 */

const sizeClass = SIZE_CLASSES['4x4']
/** Three MacroJobs from number 4 on, of which the second is not counted. */
const sample = { macroJobs: 3, microJobs: 4, blocks: 13, firstMacro: 4, uncounted: [1] }
const domain = { chainId: 31337n, escrow: `0x${'e1'.repeat(20)}`, finisher: `0x${'f1'.repeat(20)}` }

const chunk = sampleChunk(sizeClass, sample)
const prover = await createInsecureDevProver({}, { names: ['4x4'] })
const { d, publicSignals, proof, drawn } = await proveChunk(prover, sizeClass, chunk, domain)
const text = JSON.stringify({ sizeClass: '4x4', sample, domain, chunk, drawn, d, publicSignals, proof }, digits, 2)
writeFileSync(resolve(import.meta.dirname, '../../test/vectors/settlement-4x4.json'), `${text}\n`)

function digits(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}
