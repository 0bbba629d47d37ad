import { groth16, type MemoryFile, wtns } from 'snarkjs'
import { circuitInput } from '../../src/job/settlement/circuit-input.ts'
import { publicSignalsOf } from '../../src/job/settlement/public-signals.ts'
import { settle } from '../../src/job/settlement/settle.ts'
import { SIZE_CLASSES, type SizeClassName } from '../../src/job/settlement/size-classes.ts'
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
  /** Otherwise a thread for each core. */
  singleThread: boolean
}

export interface ProofCosts {
  /** Off-circuit: leaves are given, root, D and the public signals are computed. */
  twinS: number
  witnessS: number
  proveS: number
  /** Processor time of witness and proof, all threads. */
  cpuS: number
  verifyMs: number
  rssMiB: number
}

serveParent({ measure })

async function measure({ sizeClass, singleThread }: ProofWanted): Promise<ProofCosts> {
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
  const [{ proof, publicSignals }, proveS] = await timed(() => groth16.prove(zkey, witness, undefined, { singleThread }))
  const { user, system } = process.cpuUsage(before)
  const rssMiB = process.resourceUsage().maxRSS / 1024
  const [x, y] = proof.pi_b.slice(0, 2).map((pair) => [BigInt(pair[1]!), BigInt(pair[0]!)] as const)
  const point = (digits: readonly string[]) => [BigInt(digits[0]!), BigInt(digits[1]!)] as const
  const ordered = { a: point(proof.pi_a), b: [x!, y!] as const, c: point(proof.pi_c) }
  const { verificationKey } = parsePinnedKey(readPinned(sizeClass))
  const check = () => verifyGroth16(verificationKey, ordered, publicSignals.map(BigInt))
  // The first check also builds tables.
  if (!check()) throw new Error(`expected a proof of ${sizeClass} that holds`)
  const [, verifyS] = await timed(check)
  return { twinS, witnessS, proveS, cpuS: (user + system) / 1e6, verifyMs: 1000 * verifyS, rssMiB }
}

async function timed<T>(action: () => T | Promise<T>): Promise<[T, number]> {
  const started = performance.now()
  const result = await action()
  return [result, (performance.now() - started) / 1000]
}
