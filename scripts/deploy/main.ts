import { MingaError } from '../../src/errors.ts'
import { runDeploy } from './deploy.ts'

/*
 * `npm run deploy -- --help`: the escrow on a chain of one's own choice, with the keys of a ceremony. Ctrl-C ends it between two steps; run again it goes on.
 */

const interrupt = new AbortController()
process.once('SIGINT', () => interrupt.abort(new Error('interrupted: run the same command again to go on')))

try {
  await runDeploy(process.argv.slice(2), { env: process.env, print: (line) => console.log(line), signal: interrupt.signal })
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  if (error instanceof MingaError && error.hint !== undefined) console.error(error.hint)
  for (let cause = (error as Error).cause; cause instanceof Error; cause = cause.cause)
    console.error(`because: ${cause.message.slice(0, 500)}`)
  process.exitCode = error instanceof MingaError ? error.exitCode : 2
}
