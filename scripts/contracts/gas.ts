import { runHardhat } from './hardhat.ts'

/*
 * `npm run contracts:gas`: what each call of the escrow costs in the tests on Hardhat's chain.
 */

const { status, output } = runHardhat(['test', 'nodejs', '--gas-stats'], 'pipe')
process.stdout.write(status === 0 ? output.slice(Math.max(0, output.indexOf('╔'))) : output)
process.exitCode = status
