import { runHardhat } from './hardhat.ts'

/*
 * `npm run contracts:gas`: what each call of the escrow costs in the tests on Hardhat's chain.
 */

/** Not the contracts that only tests use. */
const DEPLOYED = /║ contracts\/(Escrow|JobToken|verifiers\/\w+)\.sol/

const { status, output } = runHardhat(['test', 'nodejs', '--gas-stats'], 'pipe')
const tables = output.split(/(?=╔)/).filter((table) => DEPLOYED.test(table))
process.stdout.write(status === 0 && tables.length > 0 ? tables.map((table) => `${table.trimEnd()}\n`).join('') : output)
process.exitCode = status
