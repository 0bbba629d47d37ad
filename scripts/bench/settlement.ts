import { cpus } from 'node:os'
import { SIZE_CLASS_NAMES, SIZE_CLASSES, type SizeClassName } from '../../src/job/settlement/size-classes.ts'
import { readPinned } from '../circuits/pin.ts'
import { runHardhat } from '../contracts/hardhat.ts'
import { startChild } from './child.ts'
import type { BenchOptions, Figure, FigureDefinition, Row } from './figure.ts'
import { measureProof } from './measure-proof.ts'
import type { GasCosts } from './settlement-gas.ts'
import type { ProofCosts } from './settlement-prover.ts'
import { spreadOf } from './stats.ts'

const DEFAULT_JOB: SizeClassName = '5x10'
/** The most blocks that a MicroJob of a paid Job has; its validator runs one of them again. */
const BLOCKS = 16
/** Of useful work in one MicroJob of the Job whose overhead is judged. */
const MICRO_JOB_S = 1

/** A Job whose gas is measured. */
interface PaidJob {
  size: SizeClassName
  macroJobs: number
  microJobs: number
  chunks: number
}

const QUICK_JOBS: readonly PaidJob[] = [{ size: '4x4', macroJobs: 4, microJobs: 4, chunks: 1 }]
const PAID_JOBS: readonly PaidJob[] = [
  { size: DEFAULT_JOB, macroJobs: 1, microJobs: 5, chunks: 1 },
  { size: DEFAULT_JOB, macroJobs: 5, microJobs: 10, chunks: 1 },
  { size: DEFAULT_JOB, macroJobs: 5, microJobs: 10, chunks: 10 },
  { size: '16x16', macroJobs: 16, microJobs: 16, chunks: 2 },
]

/** Proofs of one size, of the same rounds. */
interface Proofs {
  size: SizeClassName
  /** With one thread. */
  single: ProofCosts[]
  /** With one for each core. */
  many: ProofCosts[]
}

/**
 * Figure 8: what it costs to pay a Job. Proofs are made as the peer's prover makes them, each in a process of its own; gas is that of the real contracts with real
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
    const gas = await measureGas(options.quick ? QUICK_JOBS : PAID_JOBS, options)
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
        'The rival is contracts/test/RevealAll.sol: every leaf in the calldata of one call, a keccak root, the drawn leaf of each MacroJob opened, its validator’s signature checked. It publishes which wallet did which MicroJob. Both need a root on the chain before.',
      ],
    }
  },
}

async function prove(size: SizeClassName, rounds: number, { profiles, onProgress }: BenchOptions): Promise<Proofs> {
  const proofs: Proofs = { size, single: [], many: [] }
  for (let round = 0; round < rounds; round++) {
    proofs.single.push(await measureProof({ sizeClass: size, singleThread: true }, profiles))
    proofs.many.push(await measureProof({ sizeClass: size, singleThread: false }, profiles))
  }
  onProgress(`${size}: proof ${proofs.many.map((costs) => wallS(costs).toFixed(1)).join(', ')} s`)
  return proofs
}

function proofRows({ size, single, many }: Proofs, judged: boolean): Row[] {
  const row = (what: string, unit: string, measured: number[]): Row => ({ what: `${size}: ${what}`, unit, measured })
  return [
    {
      ...row(`witness and proof, ${cpus().length} threads`, 's', many.map(wallS)),
      limit: { what: 'one thread', unit: 's', measured: single.map(wallS) },
      ...(judged && size === DEFAULT_JOB && { target: { of: 'measured', is: '<=', value: 6 } }),
    },
    row(
      'CPU a MicroJob paid',
      'ms',
      many.map(({ cpuS }) => (1000 * cpuS) / microJobsOf(size)),
    ),
    ...(judged
      ? [
          row(
            'of it, witness',
            's',
            many.map(({ witnessS }) => witnessS),
          ),
          row(
            'resident memory of the prover, at most',
            'MiB',
            many.map(({ rssMiB }) => rssMiB),
          ),
          row(
            'verifying off chain',
            'ms',
            many.map(({ verifyMs }) => verifyMs),
          ),
        ]
      : []),
  ]
}

/** Work, validation and proof against the work alone. */
function overheadRow({ size, many }: Proofs): Row {
  const usefulS = microJobsOf(size) * MICRO_JOB_S
  return {
    what: `${size}: CPU of ${microJobsOf(size)} MicroJobs of ${MICRO_JOB_S} s, checked and proven`,
    unit: 's',
    measured: many.map(({ cpuS }) => usefulS + usefulS / BLOCKS + cpuS),
    limit: { what: 'the MicroJobs alone', unit: 's', measured: [usefulS] },
    ...(size === DEFAULT_JOB && { target: { of: 'ratio', is: '<=', value: 1.15 } }),
  }
}

async function measureGas(jobs: readonly PaidJob[], { onProgress }: BenchOptions): Promise<(readonly [PaidJob, GasCosts])[]> {
  const { status, output } = runHardhat(['build'], 'pipe')
  if (status !== 0) throw new Error(`expected the contracts to compile, found:\n${output}`)
  const child = startChild('settlement-gas.ts')
  const measured: (readonly [PaidJob, GasCosts])[] = []
  try {
    for (const job of jobs) {
      const costs = await child.ask<GasCosts>('measure', { ...job, blocks: BLOCKS })
      onProgress(`${paidBy(job)} MicroJobs: ${costs.all} gas, revealed ${costs.revealed}`)
      measured.push([job, costs])
    }
  } finally {
    await child.stop()
  }
  return measured
}

function gasRows(job: PaidJob, costs: GasCosts): Row[] {
  const isDefault = job.size === DEFAULT_JOB && job.macroJobs === SIZE_CLASSES[DEFAULT_JOB].macroJobs && job.chunks === 1
  const perMicroJob: Row = {
    what: `gas a MicroJob, ${paidBy(job)} paid by ${callsOf(job)} of ${job.size}`,
    unit: 'gas',
    measured: [costs.all / paidBy(job)],
    limit: { what: 'all leaves revealed', unit: 'gas', measured: [costs.revealed / paidBy(job)] },
  }
  if (!isDefault) return [perMicroJob]
  const whole: Row = {
    what: `settle of the default Job, ${paidBy(job)} MicroJobs and five payees`,
    unit: 'gas',
    measured: [costs.first],
    limit: { what: 'all leaves revealed', unit: 'gas', measured: [costs.revealed] },
    target: { of: 'measured', is: '<=', value: 450_000 },
  }
  return [perMicroJob, whole]
}

function sizeNote({ size, single, many }: Proofs): string {
  const all = [...single, ...many]
  const median = (pick: (costs: ProofCosts) => number) => spreadOf(all.map(pick)).median
  const constraints = readPinned(size).constraints.toLocaleString('en')
  const rest = `${median(({ rssMiB }) => rssMiB).toFixed(0)} MiB, verified in ${median(({ verifyMs }) => verifyMs).toFixed(0)} ms`
  return `${size}: ${constraints} constraints, witness ${median(({ witnessS }) => witnessS).toFixed(2)} s, ${rest}.`
}

function gasNote([job, { believed, commit }]: readonly [PaidJob, GasCosts]): string {
  const shown = (gas: number) => Math.round(gas).toLocaleString('en')
  return `${paidBy(job)} MicroJobs: revealed and believed, no verdict checked, ${shown(believed / paidBy(job))} gas each; each chunk's root, endorsed by two, ${shown(commit)} gas.`
}

function wallS({ witnessS, proveS }: ProofCosts): number {
  return witnessS + proveS
}

function microJobsOf(size: SizeClassName): number {
  return SIZE_CLASSES[size].macroJobs * SIZE_CLASSES[size].microJobs
}

function paidBy({ macroJobs, microJobs, chunks }: PaidJob): number {
  return macroJobs * microJobs * chunks
}

function callsOf({ chunks }: PaidJob): string {
  return chunks === 1 ? 'one call' : `${chunks} calls`
}
