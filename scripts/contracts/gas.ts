import { startChild } from '../bench/child.ts'
import type { GasCosts } from '../bench/settlement-gas.ts'
import { runHardhat } from './hardhat.ts'

/*
 * `npm run contracts:gas`: what each call of the escrow costs in the tests on Hardhat's chain, deployments included, and the settlement of the default Job
 * with a real proof. The table of docs/ESCROW.md is made of it.
 */

/** Not the contracts that only tests use. */
const DEPLOYED = /║ contracts\/(Escrow|JobToken|verifiers\/\w+)\.sol/
const DEFAULT_JOB = { size: '5x10', macroJobs: 5, microJobs: 10, chunks: 1, blocks: 16 }

const { status, output } = runHardhat(['test', 'nodejs', '--gas-stats'], 'pipe')
const tables = output.split(/(?=╔)/).filter((table) => DEPLOYED.test(table))
process.stdout.write(status === 0 && tables.length > 0 ? tables.map((table) => `${table.trimEnd()}\n`).join('') : output)
process.exitCode = status
if (status === 0) console.log(await defaultJob())

async function defaultJob(): Promise<string> {
  const child = startChild('settlement-gas.ts')
  try {
    const { first, commit } = await child.ask<GasCosts>('measure', DEFAULT_JOB)
    return `settle of the default Job, 5 × 10 MicroJobs (5x10), five payees with their first credit: ${first} gas; its commitRoot: ${commit}`
  } finally {
    await child.stop()
  }
}
