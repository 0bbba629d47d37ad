/** Issue "Bad input", unknown CID: a Job whose data or code is lost ends with a reason, and its peers go on. */
import assert from 'node:assert/strict'
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { it } from 'node:test'
import { failure, worksStill } from '../support/failed-job.ts'
import { startTestNetwork } from '../support/fault-network.ts'
import { dataJob, numbersJob } from '../support/jobs.ts'
import { place } from '../support/place.ts'

const SHAPE = { macroJobs: 1, microJobs: 3, blocks: 2 }

it('data or code that nobody has fails its Job, and nothing else', async (t) => {
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
  // What only one peer gave up everybody waits for half a minute longer (test/roles/job-outlook.test.ts).
  const peers = await network.startPeers(['peer-1', 'peer-2'])
  for (const said of await Promise.all([dataLost, codeLost].map((jobId) => failure(network, jobId)))) assert.match(said, /failed: data/)
  await worksStill(network)
  for (const peer of peers) assert.ok(peer.isRunning())
})
