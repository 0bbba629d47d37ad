import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runDraftLocally } from '../../src/job/local-run.ts'
import { openCompute } from '../compute/support.ts'
import { startTestNetwork } from './support/fault-network.ts'
import { finish, untilProcessed } from './support/follow-job.ts'
import { slowJob, slowResult } from './support/slow-job.ts'

/** What is proved here must not hang on the machine's graphics card. */
const options = { args: ['--compute-device', 'software'] }

test('three peers', async (t) => {
  const network = await startTestNetwork(t)
  const peers = await network.startPeers(['peer-1', 'peer-2', 'peer-3'], options)
  const client = await network.client()

  await t.test('agree on what one machine computes alone', async () => {
    const draft = slowJob({ rounds: 1000 })
    const { bytes, report } = await finish(client, await client.place(draft))
    const compute = await openCompute()
    const local = await runDraftLocally(draft, compute).finally(() => compute.stop())
    assert.deepEqual(bytes, local)
    assert.deepEqual(bytes, slowResult(draft))
    assert.equal(report.culprits.length, 0)
    assert.equal(
      report.peers.reduce((sum, { processed }) => sum + processed, 0),
      3 * 4,
    )
    assert.ok(report.macroJobs.every(({ microJobs }) => microJobs.every(({ blockHashes }) => blockHashes.length === 4)))
  })

  await t.test('finish a Job whose requester left at once', async () => {
    const draft = slowJob({ name: 'left alone', rounds: 2000 })
    const requester = await network.client()
    const { jobId } = await requester.place(draft)
    await requester.close()
    const other = await network.client()
    const { bytes } = await finish(other, await other.job(jobId))
    assert.deepEqual(bytes, slowResult(draft))
  })

  await t.test('finish a Job after one of them was killed half-way', async () => {
    const draft = slowJob({ name: 'chaos', rounds: 60_000, microJobs: 8 })
    const handle = await client.place(draft)
    await untilProcessed(handle, 3 * 4)
    const busiest = handle.progress().peers.toSorted((a, b) => b.processed - a.processed)[0]?.peer
    const victim = peers.find(({ peer }) => peer === busiest)
    await victim?.kill()
    const { bytes, report } = await finish(client, handle)
    assert.deepEqual(bytes, slowResult(draft))
    assert.equal(victim?.isRunning(), false)
    assert.equal(report.culprits.length, 0, 'to be dead is no crime')
  })
})

test('one peer', async (t) => {
  const network = await startTestNetwork(t)
  const first = await network.startPeer('peer-1', options)
  const client = await network.client()

  await t.test('finishes alone, and says that nobody else has judged', async () => {
    const draft = slowJob()
    const { bytes, report } = await finish(client, await client.place(draft))
    assert.deepEqual(bytes, slowResult(draft))
    assert.equal(report.independentlyVerified, false)
    assert.ok(report.macroJobs.every(({ independent }) => !independent))
  })

  await t.test('comes back after kill -9 with its keys and its commits, and finishes', async () => {
    const draft = slowJob({ name: 'restart', rounds: 60_000 })
    const handle = await client.place(draft)
    await untilProcessed(handle, 6)
    await first.kill()
    const again = await network.startPeer('peer-1', options)
    assert.equal(again.peer, first.peer)
    const { bytes, report } = await finish(client, handle)
    assert.deepEqual(bytes, slowResult(draft))
    assert.deepEqual(
      report.peers.map(({ peer, processed }) => ({ peer, processed })),
      [{ peer: again.peer, processed: 3 * 4 }],
    )
    assert.equal(report.chunks[0]?.attempts, 1, 'what it had committed to before was opened after')
  })
})
