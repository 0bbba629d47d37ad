/** Issue "Bad input": a Job that nobody computes, and who may call it off. */
import assert from 'node:assert/strict'
import { mkdir, readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { it } from 'node:test'
import { EXIT } from '../../../src/errors.ts'
import { minga } from '../../cli/run.ts'
import { startTestNetwork } from '../support/fault-network.ts'
import { numbersJob } from '../support/jobs.ts'
import { place } from '../support/place.ts'
import { startProcess } from '../support/process.ts'
import { refusal } from '../support/refusal.ts'

it('a Job without peers waits, is told to be unfinished, and is called off by its requester alone', async (t) => {
  const network = await startTestNetwork(t)
  const jobId = await place(network, numbersJob({ macroJobs: 1, microJobs: 3, blocks: 2 }).draft)
  const out = join(network.directory, 'out')
  assert.match(refusal(await network.cli('results', jobId, '-o', out), EXIT.timeout), /found one with 0 of 3 MicroJobs agreed/)
  assert.deepEqual(await readdir(out), [])
  const asAnother = ['--bootstrap', network.address, '--data-dir', join(network.directory, 'another')]
  assert.match(refusal(await minga(['cancel', jobId, ...asAnother]), EXIT.usage), /not ours to cancel/)
  assert.equal((await network.cli('cancel', jobId)).code, EXIT.ok)
  const watched = await network.cli('watch', jobId)
  assert.equal(watched.code, EXIT.jobFailed)
  assert.match(watched.stderr, /cancelled/)
  assert.match(refusal(await network.cli('watch', 'f'.repeat(62)), EXIT.network), /nobody who knows/)
})

const CLI = resolve(import.meta.dirname, '../../../src/cli.ts')

it('while one command watches, others of the same user look, and leave nothing; what needs the requester says who has it', async (t) => {
  const network = await startTestNetwork(t)
  const jobId = await place(network, numbersJob({ macroJobs: 1, microJobs: 3, blocks: 2 }).draft)
  const shared = ['--bootstrap', network.address, '--data-dir', join(network.directory, 'cli')]
  const watching = startProcess(CLI, ['watch', jobId, '--json', ...shared])
  t.after(() => watching.kill())
  await watching.line(({ type }) => type === 'job:seen')
  const TMPDIR = join(network.directory, 'tmp')
  await mkdir(TMPDIR)
  const jobs = await minga(['jobs', '--json', ...shared], { env: { TMPDIR } })
  assert.equal(jobs.code, EXIT.ok, jobs.stderr)
  assert.match(jobs.stdout, new RegExp(jobId))
  assert.deepEqual(await readdir(TMPDIR), [])
  assert.match(refusal(await network.cli('cancel', jobId), EXIT.usage), new RegExp(`in use by process ${watching.pid}`))
})
