/** FAULTS 27: plain floats of unlike devices. `tolerance` takes what is near, `class` asks only peers that round alike. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { openCompute } from '../../compute/support.ts'
import { startTestNetwork } from '../support/fault-network.ts'
import { finish } from '../support/follow-job.ts'
import { floatsJob } from '../support/jobs.ts'

const SHAPE = { macroJobs: 4, microJobs: 2, blocks: 3 }
const HONEST = { slowMs: 200, patience: { validateMs: 3000, recheckMs: 3000 } }

it('floats of unlike devices', async (t) => {
  const network = await startTestNetwork(t)
  const [near, far, ...alike] = await Promise.all([
    network.startPeer('near', { behaviour: { ...HONEST, slowMs: 50, noise: 0.001 } }),
    network.startPeer('far', { behaviour: { ...HONEST, slowMs: 50, noise: 1, fingerprint: 'f'.repeat(64) } }),
    ...['peer-1', 'peer-2'].map((name) => network.startPeer(name, { behaviour: HONEST })),
  ])
  const client = await network.client()

  await t.test('agree within the tolerance of a Job; who is beyond it is convicted', async () => {
    const verification = { mode: 'tolerance', absolute: 0.01, relative: 0.001 } as const
    const { draft, expected } = floatsJob(SHAPE, { verification })
    const { bytes, report } = await finish(client, await client.place(draft))
    const values = new Float32Array(bytes.slice().buffer)
    assert.ok(values.every((value, index) => Math.abs(value - (expected[index] as number)) <= 0.01 + 0.001 * value))
    const culprits = new Set(report.culprits.map(({ peer }) => peer))
    assert.deepEqual([...culprits], [far?.peer])
    assert.ok((report.peers.find(({ peer }) => peer === near?.peer)?.processed ?? 0) > 0)
  })

  await t.test('are compared bit by bit in a Job for one class of devices, and others leave it alone', async () => {
    const compute = await openCompute()
    const { fingerprint } = await compute.device().finally(() => compute.stop())
    const { draft, expected } = floatsJob(SHAPE, { verification: { mode: 'class', fingerprint } })
    const { bytes, report } = await finish(client, await client.place(draft))
    const values = new Float32Array(bytes.slice().buffer)
    assert.ok(values.every((value, index) => Math.abs(value - (expected[index] as number)) < 1e-5))
    assert.deepEqual([...new Set(report.culprits.map(({ peer }) => peer))], [near?.peer])
    const workers = report.peers.filter(({ processed, validated }) => processed + validated > 0).map(({ peer }) => peer)
    assert.ok(workers.length > 0 && workers.every((worker) => alike.some(({ peer }) => peer === worker)))
  })
})
