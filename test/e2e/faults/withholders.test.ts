/** FAULTS 40: a peer that keeps back what it committed to loses its MicroJobs; the Job goes on without it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startTestNetwork } from '../support/fault-network.ts'
import { finish } from '../support/follow-job.ts'
import { numbersJob } from '../support/jobs.ts'

/** Slow enough for the other to have its part. The stuck attempt is given up after three times the patience with a validator. */
const HONEST = { slowMs: 400, patience: { validateMs: 1000, recheckMs: 1000, stuckMs: 3000, goneMs: 1000 } }

// Both wait most of their time for the patience of others.
describe('a peer that keeps back', { concurrency: true }, () => {
  for (const kind of ['reveal', 'nonce'] as const) {
    it(`its ${kind}s is paid nothing, and others compute its MicroJobs`, async (t) => {
      const network = await startTestNetwork(t)
      const [withholder] = await Promise.all([
        network.startPeer('withholder', { behaviour: { ...HONEST, slowMs: 0, withholds: [kind] } }),
        ...['peer-1', 'peer-2'].map((name) => network.startPeer(name, { behaviour: HONEST })),
      ])
      const client = await network.client()
      const { draft, expected } = numbersJob({ macroJobs: 3, microJobs: 3, blocks: 2 })
      const { bytes, report } = await finish(client, await client.place(draft))
      assert.deepEqual(Buffer.from(bytes), Buffer.from(expected))
      assert.equal(report.peers.find(({ peer }) => peer === withholder?.peer)?.processed, 0)
      assert.ok(report.chunks.some(({ attempts }) => attempts > 1))
    })
  }
})
