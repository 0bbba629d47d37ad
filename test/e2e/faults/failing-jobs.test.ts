/** FAULTS 28, 30 and issue "Bad input": Jobs that were placed and cannot be done end with a reason, and their peers go on. */
import assert from 'node:assert/strict'
import { readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { EXIT } from '../../../src/errors.ts'
import type { JobDraft } from '../../../src/job/draft.ts'
import { minga } from '../../cli/run.ts'
import { startTestNetwork, type TestNetwork } from '../support/fault-network.ts'
import { dataJob, jobFileOf, numbersJob } from '../support/jobs.ts'
import { refusal } from '../support/refusal.ts'

const SHAPE = { macroJobs: 1, microJobs: 3, blocks: 2 }

/** Places the draft by the command line, without the trial at home. Gives the Job's id. */
async function place(network: TestNetwork, draft: JobDraft): Promise<string> {
  const path = join(network.directory, `${draft.name}.json`)
  await writeFile(`${path}.wgsl`, draft.code)
  if (draft.data) await writeFile(`${path}.data`, draft.data)
  await writeFile(path, jobFileOf(draft, `${path}.wgsl`, draft.data ? `${path}.data` : undefined))
  const { code, stdout, stderr } = await network.cli('place', path, '--no-check', '--json')
  assert.equal(code, EXIT.ok, stderr)
  return (JSON.parse(stdout) as { jobId: string }).jobId
}

/** Watches the Job until it has failed; gives what was said of it. */
async function failure(network: TestNetwork, jobId: string): Promise<string> {
  const { code, stderr } = await network.cli('watch', jobId)
  assert.equal(code, EXIT.jobFailed, stderr)
  assert.doesNotMatch(stderr, /mistake in Minga/)
  return stderr
}

async function worksStill(network: TestNetwork) {
  const { draft, expected } = numbersJob(SHAPE)
  const client = await network.client()
  const job = await client.place(draft)
  const { bytes } = await job.result({ signal: AbortSignal.timeout(40_000) })
  assert.deepEqual(Buffer.from(bytes), Buffer.from(expected))
}

describe('a Job that cannot be done', () => {
  it('for its shader: it never ends, or does not compile; peers live and do the next one', async (t) => {
    const network = await startTestNetwork(t)
    const peers = await network.startPeers(['peer-1', 'peer-2'])
    const { code } = numbersJob(SHAPE).draft
    const endless = code.replace('O[index] =', 'loop { O[index] += 1u; if (P[16] == 0u) { break; } }\nO[index] =')
    const jobId = await place(network, numbersJob(SHAPE, { name: 'endless', code: endless, limits: { blockMs: 100 } }).draft)
    assert.match(await failure(network, jobId), /failed: timeout/)
    const killed = peers.flatMap(({ log }) => log.filter(({ msg }) => msg === 'gave up a Job'))
    assert.ok(killed.length > 0)
    const typo = await place(network, numbersJob(SHAPE, { name: 'typo', code: `${code}\nnonsense` }).draft)
    assert.match(await failure(network, typo), /failed: compile/)
    const { stderr } = await network.cli('results', typo, '-o', join(network.directory, 'out'))
    assert.match(stderr, /peers gave it up \(compile\)/)
    await worksStill(network)
    for (const peer of peers) assert.ok(peer.isRunning())
  })

  it('for its data or code, which nobody has', async (t) => {
    const network = await startTestNetwork(t)
    const { draft } = dataJob(64, 32)
    const dataLost = await place(network, draft)
    const codeLost = await place(network, numbersJob(SHAPE, { name: 'code', code: `// lost\n${numbersJob(SHAPE).draft.code}` }).draft)
    await network.bootstrap().kill()
    const blocks = join(network.bootstrap().dataDir, 'blocks', 'blocks')
    for (const name of await readdir(blocks, { recursive: true })) {
      const path = join(blocks, name)
      const { size } = await stat(path)
      if (size === draft.data?.length || size === Buffer.byteLength(numbersJob(SHAPE).draft.code) + 8) await rm(path)
    }
    await network.restartBootstrap()
    const peer = await network.startPeer('peer-1')
    assert.match(await failure(network, dataLost), /failed: data/)
    assert.match(await failure(network, codeLost), /failed: data/)
    await worksStill(network)
    assert.ok(peer.isRunning())
  })

  it('for want of peers waits, is told to be unfinished, and is called off by its requester alone', async (t) => {
    const network = await startTestNetwork(t)
    const jobId = await place(network, numbersJob(SHAPE).draft)
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
})
