/** A Job's deadline: peers give it up an hour after it by their own clock, clients at once; what was agreed before stays. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { it } from 'node:test'
import { EXIT } from '../../../src/errors.ts'
import { failure } from '../support/failed-job.ts'
import { startTestNetwork } from '../support/fault-network.ts'
import { untilProcessed } from '../support/follow-job.ts'
import { numbersJob } from '../support/jobs.ts'
import { refusal } from '../support/refusal.ts'

/** Node with a clock that is an hour fast: for such a peer a Job has no time left after its deadline. */
const FAST = {
  env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent('const now = Date.now; Date.now = () => now() + 3_600_000')}` },
}
const seconds = () => Math.ceil(Date.now() / 1000)

it('a deadline that passes during the work ends it, for peers, newcomers and clients', async (t) => {
  const network = await startTestNetwork(t)
  const worker = await network.startPeer('worker', { ...FAST, behaviour: { slowMs: 1000 } })
  const client = await network.client()
  const quick = numbersJob({ macroJobs: 1, microJobs: 1, blocks: 2 }).draft
  const inTime = await client.place({ ...quick, name: 'in time', deadline: seconds() + 15 })
  await inTime.result({ signal: AbortSignal.timeout(15_000) })
  const late = await client.place({ ...numbersJob({ macroJobs: 1, microJobs: 60, blocks: 1 }).draft, deadline: seconds() + 10 })
  await untilProcessed(late, 1)
  await assert.rejects(late.result({ signal: AbortSignal.timeout(30_000) }), /its deadline has passed/)
  await worker.line(({ msg, jobId }) => msg === 'left a Job that is over' && jobId === late.jobId)
  const newcomer = await network.startPeer('newcomer', FAST)
  assert.match(await failure(network, late.jobId), /expired/)
  assert.match(refusal(await network.cli('results', late.jobId, '-o', join(network.directory, 'out')), EXIT.jobFailed), /deadline/)
  assert.equal((await network.cli('results', inTime.jobId, '-o', join(network.directory, 'out'))).code, EXIT.ok)
  assert.deepEqual(
    newcomer.log.filter(({ msg, jobId }) => msg === 'joined a Job' && jobId === late.jobId),
    [],
  )
  const { processed } = late.progress().microJobs
  assert.ok(processed > 0 && processed < 30, `${processed} MicroJobs`)
})
