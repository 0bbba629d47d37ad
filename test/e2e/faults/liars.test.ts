/** Issue "Verification without a chain", FAULTS 24 and 26 in the small: peers that lie are found out, and the result is right all the same. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JobReport, MingaClient } from '../../../src/index.ts'
import { startTestNetwork } from '../support/fault-network.ts'
import { finish } from '../support/follow-job.ts'
import { numbersJob } from '../support/jobs.ts'

const HONEST = { slowMs: 100, patience: { validateMs: 3000, recheckMs: 3000 } }

/** Has the network do one small Job; its result must be right, whoever lies. */
async function doJob(client: MingaClient, name: string): Promise<JobReport> {
  const { draft, expected } = numbersJob({ macroJobs: 4, microJobs: 3, blocks: 4 }, { name })
  const { bytes, report } = await finish(client, await client.place(draft))
  assert.deepEqual(Buffer.from(bytes), Buffer.from(expected))
  return report
}

describe('a liar', () => {
  it('that returns wrong blocks is convicted, named in the report, and its MicroJobs are computed again by others', async (t) => {
    const network = await startTestNetwork(t)
    const [liar, ...honest] = await Promise.all([
      network.startPeer('liar', { behaviour: { ...HONEST, slowMs: 0, lies: 'always' } }),
      ...['peer-1', 'peer-2', 'peer-3'].map((name) => network.startPeer(name, { behaviour: HONEST })),
    ])
    const client = await network.client()
    const { culprits, peers, chunks } = await doJob(client, 'lies')
    assert.deepEqual([...new Set(culprits.map(({ peer }) => peer))], [liar?.peer])
    assert.equal(peers.find(({ peer }) => peer === liar?.peer)?.processed, 0)
    assert.equal(
      peers.reduce((sum, { processed }) => sum + processed, 0),
      12,
    )
    assert.ok(chunks.some(({ attempts }) => attempts > 1))
    for (const { log } of honest) assert.ok(!log.some(({ level }) => level === 'error'))
  })

  it('that publishes a false report does not keep an honest peer from writing a true one', async (t) => {
    const network = await startTestNetwork(t)
    const [forger] = await Promise.all([
      network.startPeer('forger', { behaviour: { forgesReport: true, patience: { finalizeMs: 0 } } }),
      network.startPeer('honest', { behaviour: HONEST }),
    ])
    const client = await network.client()
    const report = await doJob(client, 'forged')
    assert.ok(report.finalizer !== forger?.peer)
    assert.ok(report.peers.some(({ peer }) => peer === forger?.peer))
  })

  it('that accuses whomever it judges is convicted itself', async (t) => {
    const network = await startTestNetwork(t)
    const [accuser] = await Promise.all([
      network.startPeer('accuser', { behaviour: { ...HONEST, lies: 'as-validator' } }),
      ...['peer-1', 'peer-2'].map((name) => network.startPeer(name, { behaviour: HONEST })),
    ])
    const client = await network.client()
    const convicted: string[] = []
    // Who judges is drawn: each MacroJob that it has not processed asks it with a chance of one half.
    for (let round = 1; round <= 8 && convicted.length === 0; round++) {
      const { culprits } = await doJob(client, `accusations ${round}`)
      convicted.push(...culprits.map(({ peer }) => peer))
    }
    assert.deepEqual([...new Set(convicted)], [accuser?.peer])
  })
})
