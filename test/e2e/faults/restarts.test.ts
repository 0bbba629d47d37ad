/** FAULTS 51, 52: kill -9 of anybody, again and again, while it writes; whoever comes back has its keys, its commits and the Job. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { it } from 'node:test'
import { startTestNetwork } from '../support/fault-network.ts'
import { finish, untilProcessed } from '../support/follow-job.ts'
import { dataJob } from '../support/jobs.ts'

const SLOW = { behaviour: { slowMs: 400 } }
const MICRO_JOBS = 2 * 6

it('a Job among processes that are killed and started again', async (t) => {
  const network = await startTestNetwork(t)
  const names = ['peer-1', 'peer-2', 'peer-3']
  const peers = await network.startPeers(names, SLOW)
  const client = await network.client()
  const slicing = { width: 64, height: 48, macroJobs: 2, microJobs: 6, blocks: 4, input: {} }

  await t.test('ends right, whoever died: the node that holds it, or its peers (FAULTS 51)', async () => {
    const { draft, expected } = dataJob(64, 48, { slicing })
    const handle = await client.place(draft)
    // At any moment; the test passes whichever it is.
    const order = names.map((_, index) => index).sort(() => Math.random() - 0.5)
    t.diagnostic(`killed in this order: the bootstrap node, then ${order.map((index) => names[index]).join(', ')}`)
    await untilProcessed(handle, 1)
    await network.restartBootstrap()
    for (const [round, index] of order.slice(0, 2).entries()) {
      await untilProcessed(handle, 3 * (round + 1))
      await peers[index]?.kill()
      const again = await network.startPeer(names[index] as string, SLOW)
      assert.equal(again.peer, peers[index]?.peer)
      peers[index] = again
    }
    const { bytes, report } = await finish(client, handle)
    assert.deepEqual(Buffer.from(bytes), Buffer.from(expected))
    assert.equal(
      report.peers.reduce((sum, { processed }) => sum + processed, 0),
      MICRO_JOBS,
    )
    assert.equal(report.culprits.length, 0)
  })

  await t.test('is known to have ended though its holder was away, and its peers have left it', async () => {
    const { draft, expected } = dataJob(64, 48, { slicing, name: 'unseen' })
    const handle = await client.place(draft)
    await untilProcessed(handle, 1)
    await network.bootstrap().kill()
    const left = ({ msg, jobId }: Readonly<Record<string, unknown>>) => msg === 'left a Job that is over' && jobId === handle.jobId
    await Promise.all(peers.map((peer) => peer.line(left)))
    await network.restartBootstrap()
    assert.deepEqual(Buffer.from((await finish(client, handle)).bytes), Buffer.from(expected))
  })

  await t.test('ends right though a peer came back with a ruined log, pins and blocks (FAULTS 52)', async () => {
    const { draft, expected } = dataJob(64, 48, { slicing, name: 'ruined' })
    const handle = await client.place(draft)
    await untilProcessed(handle, 3)
    const [victim] = peers
    await victim?.kill()
    const ruin = async (...path: string[]) => {
      const directory = join(victim?.dataDir as string, ...path)
      for (const name of await readdir(directory)) await writeFile(join(directory, name), randomBytes(200)).catch(() => {})
    }
    await ruin('replica')
    await ruin('blocks', 'pins')
    await rm(join(victim?.dataDir as string, 'blocks', 'blocks'), { recursive: true, force: true })
    const again = await network.startPeer('peer-1', SLOW)
    assert.equal(again.peer, victim?.peer)
    const { bytes, report } = await finish(client, handle)
    assert.deepEqual(Buffer.from(bytes), Buffer.from(expected))
    assert.equal(report.culprits.length, 0)
    assert.ok(again.log.some(({ msg }) => /damaged/.test(String(msg))))
  })
})

it('a peer that is asked to leave finishes the MicroJob under way, and not the one that it has in hand', async (t) => {
  const network = await startTestNetwork(t)
  const peer = await network.startPeer('leaver', { behaviour: { slowMs: 4000 } })
  const client = await network.client()
  const slicing = { width: 64, height: 48, macroJobs: 1, microJobs: 6, blocks: 1, input: {} }
  const handle = await client.place(dataJob(64, 48, { slicing, name: 'left' }).draft)
  await untilProcessed(handle, 1)
  peer.signal('SIGTERM')
  assert.equal((await peer.ended).code, 0)
  assert.equal(handle.progress().microJobs.processed, 2)
})
