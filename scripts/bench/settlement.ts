import { SIZE_CLASS_NAMES, SIZE_CLASSES, type SizeClassName } from '../../src/job/settlement/size-classes.ts'
import { readPinned } from '../circuits/pin.ts'
import type { BenchOptions, Figure, FigureDefinition, Row } from './figure.ts'
import { measureProof } from './measure-proof.ts'
import { gasNote, gasRows, measureGas } from './paid-jobs.ts'
import type { ProofCosts } from './settlement-prover.ts'
import { spreadOf } from './stats.ts'

const DEFAULT_JOB: SizeClassName = '5x10'
/** The most blocks that a MicroJob of a paid Job has; its validator runs one of them again. */
const BLOCKS = 16
/** Of useful work in one MicroJob of the Job whose overhead is judged. */
const MICRO_JOB_S = 1

/** Proofs of one size, of the same rounds. */
interface Proofs {
  size: SizeClassName
  own: ProofCosts[]
  /** By snarkjs' own prover with one thread: the same witness, key, field and curve. */
  snarkjs: ProofCosts[]
}

/**
 * Figure 8: what it costs to pay a Job. Proofs are made as the peer's prover makes them, each in a process of its own, and by snarkjs' in turn; gas is that of the real contracts with real
 * proofs on Hardhat's chain, beside a contract that is given all leaves.
 */
export const settlement: FigureDefinition = {
  id: 8,
  title: 'Settlement: proof, gas, and what checking costs',
  async measure(options): Promise<Omit<Figure, 'id' | 'title'>> {
    const sizes = options.quick ? (['4x4'] as const) : SIZE_CLASS_NAMES
    const judged = options.quick ? '4x4' : DEFAULT_JOB
    const proofs: Proofs[] = []
    for (const size of sizes) proofs.push(await prove(size, size === judged && !options.quick ? 3 : 1, options))
    const gas = await measureGas(BLOCKS, options)
    return {
      rows: [
        ...proofs.flatMap((each) => proofRows(each, each.size === judged)),
        ...proofs.map(overheadRow),
        ...gas.flatMap(([job, costs]) => gasRows(job, costs)),
      ],
      notes: [
        ...proofs.map(sizeNote),
        'Proofs: a full chunk, with the INSECURE development key, which costs what any other does. CPU is witness and proof.',
        `Checking: each MicroJob has ${BLOCKS} blocks, of which its validator runs one again, and computes for ${MICRO_JOB_S} s. Computed from the measured CPU of the proof; the target counts what was useful, too.`,
        'Gas: four wallets that process and one that validates, all with their first credit; calls after the second chunk are counted as the second, which has no first credit.',
        ...gas.map(gasNote),
        'The rival is contracts/test/RevealAll.sol: every leaf in the calldata of one call, a keccak root, the drawn block of each MacroJob opened, its validator’s signature and stake checked. It publishes which wallet did which MicroJob. Both need a root on the chain before.',
      ],
    }
  },
}

async function prove(size: SizeClassName, rounds: number, { profiles, onProgress }: BenchOptions): Promise<Proofs> {
  const proofs: Proofs = { size, own: [], snarkjs: [] }
  for (let round = 0; round < rounds; round++) {
    proofs.own.push(await measureProof({ sizeClass: size, bySnarkjs: false }, profiles))
    proofs.snarkjs.push(await measureProof({ sizeClass: size, bySnarkjs: true }, profiles))
  }
  onProgress(`${size}: proof ${proofs.own.map((costs) => wallS(costs).toFixed(1)).join(', ')} s`)
  return proofs
}

function proofRows({ size, own, snarkjs }: Proofs, judged: boolean): Row[] {
  const row = (what: string, unit: string, measured: number[]): Row => ({ what: `${size}: ${what}`, unit, measured })
  return [
    {
      ...row('witness and proof', 's', own.map(wallS)),
      limit: { what: 'snarkjs’ prover, one thread', unit: 's', measured: snarkjs.map(wallS) },
      ...(judged && size === DEFAULT_JOB && { target: { of: 'measured', is: '<=', value: 6 } }),
    },
    {
      ...row('CPU of witness and proof', 's', own.map(cpuOf)),
      limit: { what: 'snarkjs’ prover, one thread', unit: 's', measured: snarkjs.map(cpuOf) },
    },
    row(
      'CPU a MicroJob paid',
      'ms',
      own.map(({ cpuS }) => (1000 * cpuS) / microJobsOf(size)),
    ),
    ...(judged
      ? [
          row(
            'witness alone',
            's',
            own.map(({ witnessS }) => witnessS),
          ),
          row(
            'resident memory of the prover, at most',
            'MiB',
            own.map(({ rssMiB }) => rssMiB),
          ),
          row(
            'verifying off chain',
            'ms',
            own.map(({ verifyMs }) => verifyMs),
          ),
        ]
      : []),
  ]
}

/** Work, validation and proof against the work alone. */
function overheadRow({ size, own }: Proofs): Row {
  const usefulS = microJobsOf(size) * MICRO_JOB_S
  return {
    what: `${size}: CPU of ${microJobsOf(size)} MicroJobs of ${MICRO_JOB_S} s, checked and proven`,
    unit: 's',
    measured: own.map(({ cpuS }) => usefulS + usefulS / BLOCKS + cpuS),
    limit: { what: 'the MicroJobs alone', unit: 's', measured: [usefulS] },
    ...(size === DEFAULT_JOB && { target: { of: 'ratio', is: '<=', value: 1.15 } }),
  }
}

function sizeNote({ size, own }: Proofs): string {
  const median = (pick: (costs: ProofCosts) => number) => spreadOf(own.map(pick)).median
  const constraints = readPinned(size).constraints.toLocaleString('en')
  const rest = `${median(({ rssMiB }) => rssMiB).toFixed(0)} MiB, verified in ${median(({ verifyMs }) => verifyMs).toFixed(0)} ms`
  return `${size}: ${constraints} constraints, witness ${median(({ witnessS }) => witnessS).toFixed(2)} s, ${rest}.`
}

function wallS({ witnessS, proveS }: ProofCosts): number {
  return witnessS + proveS
}

function cpuOf({ cpuS }: ProofCosts): number {
  return cpuS
}

function microJobsOf(size: SizeClassName): number {
  return SIZE_CLASSES[size].macroJobs * SIZE_CLASSES[size].microJobs
}
