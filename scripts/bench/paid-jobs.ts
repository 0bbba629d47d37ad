import type { SizeClassName } from '../../src/job/settlement/size-classes.ts'
import { runHardhat } from '../contracts/hardhat.ts'
import { startChild } from './child.ts'
import type { BenchOptions, Row } from './figure.ts'
import type { GasCosts } from './settlement-gas.ts'

/** A Job whose gas is measured, and what it was. */
export interface PaidJob {
  size: SizeClassName
  /** Of each chunk. */
  macroJobs: number
  microJobs: number
  chunks: number
  /** Its first call has a target. */
  judged?: boolean
}

const QUICK_JOBS: readonly PaidJob[] = [{ size: '4x4', macroJobs: 4, microJobs: 4, chunks: 1 }]
const JOBS: readonly PaidJob[] = [
  { size: '5x10', macroJobs: 1, microJobs: 5, chunks: 1 },
  // The default Job.
  { size: '5x10', macroJobs: 5, microJobs: 10, chunks: 1, judged: true },
  { size: '5x10', macroJobs: 5, microJobs: 10, chunks: 10 },
  { size: '16x16', macroJobs: 16, microJobs: 16, chunks: 2 },
]

/** Of MicroJobs with `blocks` blocks each. */
export async function measureGas(blocks: number, { quick, onProgress }: BenchOptions): Promise<(readonly [PaidJob, GasCosts])[]> {
  const { status, output } = runHardhat(['build'], 'pipe')
  if (status !== 0) throw new Error(`expected the contracts to compile, found:\n${output}`)
  const child = startChild('settlement-gas.ts')
  const measured: (readonly [PaidJob, GasCosts])[] = []
  try {
    for (const job of quick ? QUICK_JOBS : JOBS) {
      const costs = await child.ask<GasCosts>('measure', { ...job, blocks })
      onProgress(`${paidBy(job)} MicroJobs: ${costs.all} gas, revealed ${costs.revealed}`)
      measured.push([job, costs])
    }
  } finally {
    await child.stop()
  }
  return measured
}

export function gasRows(job: PaidJob, costs: GasCosts): Row[] {
  const perMicroJob: Row = {
    what: `gas a MicroJob, ${paidBy(job)} paid by ${callsOf(job)} of ${job.size}`,
    unit: 'gas',
    measured: [costs.all / paidBy(job)],
    limit: { what: 'all leaves revealed', unit: 'gas', measured: [costs.revealed / paidBy(job)] },
  }
  if (!job.judged) return [perMicroJob]
  const whole: Row = {
    what: `settle of the default Job, ${paidBy(job)} MicroJobs and five payees`,
    unit: 'gas',
    measured: [costs.first],
    limit: { what: 'all leaves revealed', unit: 'gas', measured: [costs.revealed] },
    target: { of: 'measured', is: '<=', value: 450_000 },
  }
  return [perMicroJob, whole]
}

export function gasNote([job, { believed, commit }]: readonly [PaidJob, GasCosts]): string {
  const shown = (gas: number) => Math.round(gas).toLocaleString('en')
  return `${paidBy(job)} MicroJobs: revealed and believed, no verdict checked, ${shown(believed / paidBy(job))} gas each; each chunk's root, endorsed by two, ${shown(commit)} gas.`
}

function paidBy({ macroJobs, microJobs, chunks }: PaidJob): number {
  return macroJobs * microJobs * chunks
}

function callsOf({ chunks }: PaidJob): string {
  return chunks === 1 ? 'one call' : `${chunks} calls`
}
