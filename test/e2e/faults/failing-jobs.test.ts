/** FAULTS 28, 31: shaders that never end, or do not compile: the Job ends with a reason, its peers live and do the next one. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { it } from 'node:test'
import { failure, worksStill } from '../support/failed-job.ts'
import { startTestNetwork } from '../support/fault-network.ts'
import { numbersJob } from '../support/jobs.ts'
import { place } from '../support/place.ts'

const SHAPE = { macroJobs: 1, microJobs: 3, blocks: 2 }

it('a shader that cannot be computed fails its Job, and nothing else', async (t) => {
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
