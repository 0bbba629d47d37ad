import assert from 'node:assert/strict'
import type { ExitCode } from '../../../src/errors.ts'
import type { Ended } from '../../cli/run.ts'

/** What a command said when it refused: in a few lines, with this exit code, with no result and as nobody's mistake of ours. Gives all of it. */
export function refusal({ code, signal, stdout, stderr }: Ended, exitCode: ExitCode): string {
  assert.equal(code, exitCode, `expected exit code ${exitCode}, found ${signal ?? code}: ${stderr}`)
  assert.equal(stdout, '')
  assert.doesNotMatch(stderr, /mistake in Minga|\n {4}at |ExperimentalWarning/)
  assert.ok(stderr.startsWith('minga: ') || stderr.startsWith('{'), stderr)
  return stderr
}
