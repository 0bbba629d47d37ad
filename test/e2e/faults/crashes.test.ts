/** FAULTS 1, 8, 9: the owner of a queue dies, or freezes and wakes. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { JobHandle } from '../../../src/index.ts'
import { defaultQueueSettings } from '../../../src/job/queue/settings.ts'
import { type Member, startTestNetwork } from '../support/fault-network.ts'
import { finish, untilProcessed } from '../support/follow-job.ts'
import { numbersJob } from '../support/jobs.ts'

const MICRO_JOBS = 12
const SHAPE = { macroJobs: 1, microJobs: MICRO_JOBS, blocks: 2 }
const SLOW = { slowMs: 400 }

const isOwnerLine = (line: Readonly<Record<string, unknown>>) => line.msg === 'queue owner'

/** The peer that all others say owns the queue now. */
function ownerAmong(peers: readonly Member[]): Member {
  const epochs = peers.flatMap(({ log }) => log.filter(isOwnerLine)).sort((a, b) => Number(a.epoch) - Number(b.epoch))
  const owner = peers.find(({ peer }) => peer === epochs.at(-1)?.peer)
  assert.ok(owner, 'nobody owns the queue')
  return owner
}

const processedBy = (handle: JobHandle, { peer }: Member) => handle.progress().peers.find((one) => one.peer === peer)?.processed ?? 0

it('the owner of a queue', async (t) => {
  const network = await startTestNetwork(t)
  const peers = await network.startPeers(['peer-1', 'peer-2', 'peer-3', 'peer-4'], { behaviour: SLOW })
  const client = await network.client()

  await t.test('killed with SIGKILL is followed in time, and none of its MicroJobs is lost (FAULTS 1)', async () => {
    const { draft, expected } = numbersJob(SHAPE, { name: 'killed' })
    const handle = await client.place(draft)
    await untilProcessed(handle, 4)
    const owner = ownerAmong(peers)
    const others = peers.filter((peer) => peer !== owner)
    const follows = (line: Readonly<Record<string, unknown>>) => isOwnerLine(line) && line.claimed === true && line.peer !== owner.peer
    const followed = Promise.race(others.map((peer) => peer.line(follows, { onlyNew: true })))
    const killedMs = performance.now()
    await owner.kill()
    await followed
    const tookMs = performance.now() - killedMs
    t.diagnostic(`followed after ${Math.round(tookMs)} ms`)
    assert.ok(tookMs <= 1.2 * defaultQueueSettings.ownerTimeoutMs, `followed after ${tookMs} ms`)
    const { bytes, report } = await finish(client, handle)
    assert.deepEqual(Buffer.from(bytes), Buffer.from(expected))
    assert.equal(
      report.peers.reduce((sum, { processed }) => sum + processed, 0),
      MICRO_JOBS,
    )
    assert.equal(report.culprits.length, 0)
  })

  await t.test('frozen beyond its lease is followed; awake again it submits at most once and works on (FAULTS 8, 9)', async () => {
    const alive = peers.filter((peer) => peer.isRunning())
    const { draft, expected } = numbersJob(SHAPE, { name: 'frozen', limits: { leaseMs: 1000 } })
    const handle = await client.place(draft)
    await untilProcessed(handle, 4)
    const owner = ownerAmong(alive)
    const before = processedBy(handle, owner)
    owner.signal('SIGSTOP')
    // Everything is done without it, what it held included: its leases ran out while it slept.
    await untilProcessed(handle, MICRO_JOBS)
    assert.ok(processedBy(handle, owner) <= before + 1)
    owner.signal('SIGCONT')
    const { bytes, report } = await finish(client, handle)
    assert.deepEqual(Buffer.from(bytes), Buffer.from(expected))
    assert.equal(
      report.peers.reduce((sum, { processed }) => sum + processed, 0),
      MICRO_JOBS,
    )
    assert.equal(report.culprits.length, 0)
    const next = numbersJob(SHAPE, { name: 'next' })
    const nextJob = await client.place(next.draft)
    await owner.line(({ msg, jobId }) => msg === 'joined a Job' && jobId === nextJob.jobId)
    assert.deepEqual(Buffer.from((await finish(client, nextJob)).bytes), Buffer.from(next.expected))
  })
})
