/** FAULTS 40, results: what is revealed and not served is computed again by others; what is agreed can be fetched. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { startTestNetwork } from '../support/fault-network.ts'
import { finish } from '../support/follow-job.ts'
import { numbersJob } from '../support/jobs.ts'

const HONEST = { slowMs: 100, patience: { validateMs: 1000, recheckMs: 1000, stuckMs: 3000, goneMs: 1000 } }

it('a peer that gives its results to nobody is paid nothing, and the result is there for the client', async (t) => {
  const network = await startTestNetwork(t)
  const [withholder] = await Promise.all([
    network.startPeer('withholder', { behaviour: { ...HONEST, slowMs: 0, unserved: true } }),
    ...['peer-1', 'peer-2'].map((name) => network.startPeer(name, { behaviour: HONEST })),
  ])
  const client = await network.client()
  const { draft, expected } = numbersJob({ macroJobs: 3, microJobs: 3, blocks: 2 }, { name: 'unserved' })
  const { bytes, report } = await finish(client, await client.place(draft))
  assert.deepEqual(Buffer.from(bytes), Buffer.from(expected))
  assert.equal(report.peers.find(({ peer }) => peer === withholder?.peer)?.processed, 0)
  assert.deepEqual(report.culprits, [])
})
