import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it, type TestContext } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import { silentLogger } from '../../src/log.ts'
import { type HoldReply, holdReplyCodec, holdRequestCodec } from '../../src/protocol/messages.ts'
import { createHolder, HOLD_SPEC, type HolderInit } from '../../src/roles/holder.ts'
import { createFakeNetwork } from '../fakes/network.ts'
import { fakeBlocks, memoryVault, type RolePeer, startRolePeer, writeJob } from './support.ts'

const randomId = () => `00${randomBytes(30).toString('hex')}`

async function place(requester: RolePeer, holder: RolePeer, jobId: string): Promise<HoldReply | undefined> {
  let last: HoldReply | undefined
  const request = holdRequestCodec.encode({ jobId })
  for await (const frame of requester.streams.request(holder.self, HOLD_SPEC, request)) last = holdReplyCodec.decode(frame)
  return last
}

async function holderBench(t: TestContext, init: HolderInit = {}) {
  const network = createFakeNetwork()
  const peer = await startRolePeer(t, network, { answersFirst: true })
  const requester = await startRolePeer(t, network)
  const data = { missing: false }
  const { blocks, released } = fakeBlocks({ missing: () => data.missing })
  const vault = memoryVault()
  const start = () => createHolder({ ...peer, blocks, vault, clock: systemClock, logger: silentLogger }, init)
  const holder = await start()
  t.after(() => holder.stop())
  return { network, peer, requester, holder, start, data, released }
}

describe('a holder', () => {
  it('keeps nothing of Jobs that nobody can describe, and still takes an honest one', async (t) => {
    const { peer, requester, holder } = await holderBench(t, { maxJobs: 2 })
    for (let index = 0; index < 5; index++) {
      assert.deepEqual(await place(requester, peer, randomId()), { type: 'refused', code: 'unreachable' })
    }
    assert.deepEqual(holder.jobs(), [])
    assert.deepEqual(await peer.replica.jobs(), [])
    const { jobId } = await writeJob(requester)
    assert.equal((await place(requester, peer, jobId))?.type, 'held')
    assert.deepEqual(holder.jobs(), [jobId])
  })

  it('gives up the log and the pins of a Job whose data it cannot fetch, unless it held that Job before', async (t) => {
    const { peer, requester, holder, data, released } = await holderBench(t)
    const { jobId } = await writeJob(requester)
    data.missing = true
    assert.deepEqual(await place(requester, peer, jobId), { type: 'refused', code: 'unreachable' })
    assert.deepEqual([holder.jobs(), await peer.replica.jobs(), released], [[], [], [jobId]])
    data.missing = false
    assert.equal((await place(requester, peer, jobId))?.type, 'held')
    data.missing = true
    assert.deepEqual(await place(requester, peer, jobId), { type: 'refused', code: 'unreachable' })
    assert.deepEqual([holder.jobs(), await peer.replica.jobs(), released], [[jobId], [jobId], [jobId]])
  })

  it('takes on no more than two requests of one peer at once', async (t) => {
    const { peer, requester } = await holderBench(t)
    const jobs = await Promise.all([1, 2, 3].map(() => writeJob(requester)))
    const replies = await Promise.all(jobs.map(({ jobId }) => place(requester, peer, jobId)))
    assert.deepEqual(replies.map((reply) => reply?.type).sort(), ['held', 'held', 'refused'])
    assert.ok(replies.some((reply) => reply?.type === 'refused' && reply.code === 'busy'))
  })

  it('holds so many open Jobs of one requester, and of all; those that are over do not count, and the oldest of them goes first', async (t) => {
    const { network, peer, requester, holder } = await holderBench(t, { maxJobs: 2, maxJobsOfPeer: 1 })
    const first = await writeJob(requester)
    assert.equal((await place(requester, peer, first.jobId))?.type, 'held')
    const second = await writeJob(requester)
    assert.deepEqual(await place(requester, peer, second.jobId), { type: 'refused', code: 'full', reason: 'requester' })
    const other = await startRolePeer(t, network)
    assert.deepEqual(await place(other, peer, second.jobId), { type: 'refused', code: 'unreachable' })
    const third = await writeJob(other)
    assert.equal((await place(other, peer, third.jobId))?.type, 'held')
    const late = await startRolePeer(t, network)
    const fourth = await writeJob(late)
    assert.deepEqual(await place(late, peer, fourth.jobId), { type: 'refused', code: 'full', reason: 'places' })
    for (const { jobId, session } of [first, third]) {
      const followed = await peer.sessions.open(jobId)
      await session.append({ kind: 'cancel' })
      await followed.until((view) => view.cancelledBy.size > 0)
      await followed.close()
    }
    assert.equal((await place(late, peer, fourth.jobId))?.type, 'held')
    assert.deepEqual(holder.jobs(), [first.jobId, third.jobId, fourth.jobId])
    const fifth = await startRolePeer(t, network).then(async (peer) => ({ peer, ...(await writeJob(peer)) }))
    await fifth.session.append({ kind: 'cancel' })
    assert.equal((await place(fifth.peer, peer, fifth.jobId))?.type, 'held')
    assert.deepEqual(holder.jobs(), [third.jobId, fourth.jobId, fifth.jobId])
    assert.ok(!(await peer.replica.jobs()).includes(first.jobId))
  })

  it('takes up what it held after a restart, and drops what nobody has described', async (t) => {
    const { peer, requester, holder, start } = await holderBench(t)
    const { jobId } = await writeJob(requester)
    await place(requester, peer, jobId)
    await holder.stop()
    await (await peer.replica.open(randomId())).close()
    assert.equal((await peer.replica.jobs()).length, 2)
    const again = await start()
    t.after(() => again.stop())
    assert.deepEqual([again.jobs(), await peer.replica.jobs()], [[jobId], [jobId]])
  })
})
