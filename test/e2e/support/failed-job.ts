import assert from 'node:assert/strict'
import { join } from 'node:path'
import { EXIT } from '../../../src/errors.ts'
import { minga } from '../../cli/run.ts'
import type { TestNetwork } from './fault-network.ts'
import { numbersJob } from './jobs.ts'

/** Watches the Job until it has failed, with a client of its own, so that several can be watched at once; gives what was said of it. */
export async function failure({ address, directory }: TestNetwork, jobId: string): Promise<string> {
  const { code, stderr } = await minga(['watch', jobId, '--bootstrap', address, '--data-dir', join(directory, `watch-${jobId}`)])
  assert.equal(code, EXIT.jobFailed, stderr)
  assert.doesNotMatch(stderr, /mistake in Minga/)
  return stderr
}

/** Has the network do a small Job. */
export async function worksStill(network: TestNetwork) {
  const { draft, expected } = numbersJob({ macroJobs: 1, microJobs: 3, blocks: 2 })
  const client = await network.client()
  const job = await client.place(draft)
  const { bytes } = await job.result({ signal: AbortSignal.timeout(40_000) })
  assert.deepEqual(Buffer.from(bytes), Buffer.from(expected))
}
