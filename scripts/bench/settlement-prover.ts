import { readFile } from 'node:fs/promises'
import { curves, groth16, type MemoryFile, wtns } from 'snarkjs'
import { circuitInput } from '../../src/job/settlement/circuit-input.ts'
import { publicSignalsOf } from '../../src/job/settlement/public-signals.ts'
import { settle } from '../../src/job/settlement/settle.ts'
import { SIZE_CLASSES, type SizeClassName } from '../../src/job/settlement/size-classes.ts'
import { type Proven, proveGroth16 } from '../../src/proof/groth16/prove.ts'
import { parsePinnedKey } from '../../src/proof/pinned-key.ts'
import { verifyGroth16 } from '../../src/proof/verify.ts'
import { sampleChunk } from '../../test/job/settlement/sample-chunk.ts'
import { buildArtifacts } from '../circuits/artifacts.ts'
import { readPinned } from '../circuits/pin.ts'
import { serveParent } from './child.ts'

/*
 * A process for one proof of one full chunk: its memory is the prover's own.
 */

export interface ProofWanted {
  sizeClass: SizeClassName
  /** The prover of snarkjs with one thread, to compare with; otherwise ours, as the peer's prover uses it. */
  bySnarkjs: boolean
}

export interface ProofCosts {
  /** Off-circuit: leaves are given, root, D and the public signals are computed. */
  twinS: number
  witnessS: number
  proveS: number
  /** Processor time of witness and proof. */
  cpuS: number
  verifyMs: number
  rssMiB: number
}

serveParent({ measure })

async function measure({ sizeClass, bySnarkjs }: ProofWanted): Promise<ProofCosts> {
  const shape = SIZE_CLASSES[sizeClass]
  const { wasm, zkey } = await buildArtifacts(sizeClass)
  const chunk = sampleChunk(shape, { ...shape, workers: 5 })
  const [input, twinS] = await timed(() => {
    const settlement = settle(shape, chunk)
    const signals = publicSignalsOf(settlement, { chainId: 31337n, escrow: `0x${'1'.repeat(40)}`, finisher: `0x${'2'.repeat(40)}` })
    return circuitInput(shape, chunk, settlement, signals)
  })
  const before = process.cpuUsage()
  const witness: MemoryFile = { type: 'mem' }
  const [, witnessS] = await timed(() => wtns.calculate(input, wasm, witness))
  const [{ proof, publicSignals }, proveS] = await timed(() => (bySnarkjs ? proveBySnarkjs : prove)(zkey, witness))
  const { user, system } = process.cpuUsage(before)
  const rssMiB = process.resourceUsage().maxRSS / 1024
  const { verificationKey } = parsePinnedKey(readPinned(sizeClass))
  const check = () => verifyGroth16(verificationKey, proof, publicSignals)
  // The first check also builds tables.
  if (!check()) throw new Error(`expected a proof of ${sizeClass} that holds`)
  const [, verifyS] = await timed(check)
  return { twinS, witnessS, proveS, cpuS: (user + system) / 1e6, verifyMs: 1000 * verifyS, rssMiB }
}

async function prove(zkey: string, witness: MemoryFile): Promise<Proven> {
  const key = await readFile(zkey)
  return proveGroth16(await curves.getCurveFromName('bn128', { singleThread: true }), key, witness.data!)
}

async function proveBySnarkjs(zkey: string, witness: MemoryFile): Promise<Proven> {
  const { proof, publicSignals } = await groth16.prove(zkey, witness, undefined, { singleThread: true })
  const point = ([x, y]: readonly string[]) => [BigInt(x!), BigInt(y!)] as const
  const [x, y] = proof.pi_b.map(([real, imaginary]) => point([imaginary!, real!]))
  return { proof: { a: point(proof.pi_a), b: [x!, y!], c: point(proof.pi_c) }, publicSignals: publicSignals.map(BigInt) }
}

async function timed<T>(action: () => T | Promise<T>): Promise<[T, number]> {
  const started = performance.now()
  const result = await action()
  return [result, (performance.now() - started) / 1000]
}
