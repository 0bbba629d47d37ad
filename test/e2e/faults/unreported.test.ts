/** Nobody is there: a Job that no peer reports gives its result all the same, and who calls a Job off hears that nobody has heard. */
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { it } from 'node:test'
import { EXIT } from '../../../src/errors.ts'
import { CancelUnheardError } from '../../../src/index.ts'
import { startTestNetwork } from '../support/fault-network.ts'
import { numbersJob } from '../support/jobs.ts'

it('a Job whose only peer writes no report gives its result all the same', async (t) => {
  const network = await startTestNetwork(t)
  await network.startPeer('silent', { behaviour: { withholds: ['report'] } })
  const client = await network.client()
  const { draft, expected } = numbersJob({ macroJobs: 1, microJobs: 2, blocks: 2 }, { name: 'unreported' })
  const job = await client.place(draft)
  const result = job.result({ signal: AbortSignal.timeout(120_000) })
  for await (const _ of job) if (job.progress().microJobs.agreed === 2) break
  // Its patience of 20 s begins as the client's does.
  const out = join(network.directory, 'out')
  const [{ bytes, report, reportProblem }, results] = await Promise.all([result, network.cli('results', job.jobId, '-o', out)])
  assert.deepEqual(Buffer.from(bytes), Buffer.from(expected))
  assert.deepEqual([report, reportProblem, job.summary().state], [undefined, 'nobody wrote one', 'agreed'])
  assert.equal(results.code, EXIT.ok, results.stderr)
  assert.match(results.stderr, /none was written: nobody wrote one/)
  assert.deepEqual(await readdir(out), ['result.bin'])
  assert.deepEqual(await readFile(join(out, 'result.bin')), Buffer.from(expected))
})

it('a Job that is called off while nobody is there says so, and is called off when its holder is back', async (t) => {
  const network = await startTestNetwork(t)
  const { draft } = numbersJob({ macroJobs: 1, microJobs: 2, blocks: 2 }, { name: 'unheard' })
  const client = await network.client()
  const job = await client.place(draft)
  await network.bootstrap().kill()
  await assert.rejects(job.cancel(), CancelUnheardError)
  await network.restartBootstrap()
  assert.deepEqual(await job.cancel(), { refundedWei: 0n })
  await client.close()
  assert.equal((await (await network.client()).job(job.jobId)).summary().state, 'cancelled')
})
