import { fork } from 'node:child_process'
import { statSync } from 'node:fs'
import { cpus } from 'node:os'
import { groth16, type MemoryFile, wtns } from 'snarkjs'
import { circuitInput } from '../src/job/settlement/circuit-input.ts'
import { publicSignalsOf } from '../src/job/settlement/public-signals.ts'
import { settle } from '../src/job/settlement/settle.ts'
import { isSizeClassName, SIZE_CLASS_NAMES, SIZE_CLASSES, type SizeClassName } from '../src/job/settlement/size-classes.ts'
import { parsePinnedKey } from '../src/proof/pinned-key.ts'
import { verifyGroth16 } from '../src/proof/verify.ts'
import { sampleChunk } from '../test/job/settlement/sample-chunk.ts'
import { buildArtifacts } from './circuits/artifacts.ts'
import { readPinned } from './circuits/pin.ts'

/*
 * `npm run bench:settlement [-- <size class>…]`: what a settlement of each size costs on this machine, as the table of docs/SETTLEMENT.md. Every proof
 * is made in a process of its own, once with one thread and once with one a core.
 */

interface Measured {
  /** Off-circuit: leaves are given, root, D and the public signals are computed. */
  twinS: number
  witnessS: number
  proveS: number
  /** Processor time of witness and proof. */
  cpuS: number
  verifyMs: number
  rssMb: number
}

const [first, name, threads] = process.argv.slice(2)
if (first === '--child') {
  process.send!(await measure(name as SizeClassName, threads === 'single'))
  process.exit(0)
}

const chosen = process.argv.slice(2).filter(isSizeClassName)
console.log(
  `| circuit, \`--O2\` | constraints | key MB | twin s | witness s | CPU s | proof, wall 1 / ${cpus().length} threads, s | verify ms | RSS MB |`,
)
console.log('|---|---|---|---|---|---|---|---|---|')
for (const sizeClass of chosen.length > 0 ? chosen : SIZE_CLASS_NAMES) {
  const { zkey } = await buildArtifacts(sizeClass)
  const [single, many] = [await runChild(sizeClass, 'single'), await runChild(sizeClass, 'many')]
  const seconds = (value: number) => value.toFixed(value < 1 ? 2 : 1)
  const cells = [
    sizeClass,
    readPinned(sizeClass).constraints.toLocaleString('en'),
    (statSync(zkey).size / 1e6).toFixed(1),
    seconds(single.twinS),
    seconds(single.witnessS),
    seconds(single.cpuS),
    `${seconds(single.proveS)} / ${seconds(many.proveS)}`,
    single.verifyMs.toFixed(0),
    many.rssMb.toFixed(0),
  ]
  console.log(`| ${cells.join(' | ')} |`)
}

function runChild(sizeClass: SizeClassName, threads: 'single' | 'many'): Promise<Measured> {
  const child = fork(import.meta.filename, ['--child', sizeClass, threads])
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as Measured))
    child.once('exit', (code) => reject(new Error(`expected a measurement of ${sizeClass}, found exit code ${code}`)))
  })
}

async function measure(sizeClass: SizeClassName, singleThread: boolean): Promise<Measured> {
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
  const [x, y] = proof.pi_b.slice(0, 2).map((pair) => [BigInt(pair[1]!), BigInt(pair[0]!)] as const)
  const point = (digits: readonly string[]) => [BigInt(digits[0]!), BigInt(digits[1]!)] as const
  const ordered = { a: point(proof.pi_a), b: [x!, y!] as const, c: point(proof.pi_c) }
  const { verificationKey } = parsePinnedKey(readPinned(sizeClass))
  const check = () => verifyGroth16(verificationKey, ordered, publicSignals.map(BigInt))
  // the first check also builds tables
  if (!check()) throw new Error(`expected a proof of ${sizeClass} that holds`)
  const [, verifyS] = await timed(check)
  return { twinS, witnessS, proveS, cpuS: (user + system) / 1e6, verifyMs: 1000 * verifyS, rssMb: process.resourceUsage().maxRSS / 1e3 }
}

async function timed<T>(action: () => T | Promise<T>): Promise<[T, number]> {
  const started = performance.now()
  const result = await action()
  return [result, (performance.now() - started) / 1000]
}
