import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it, type TestContext } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import { LOG_SYNC } from '../../src/replica/sync-codec.ts'
import { createJobsBoard } from '../../src/roles/jobs-board.ts'
import { joinJob } from '../../src/roles/join-job.ts'
import { createProcessor } from '../../src/roles/processor.ts'
import { createFakeNetwork, type FakeNetwork } from '../fakes/network.ts'
import { newSigner } from '../replica/support.ts'
import { processorParts, startRolePeer, writeJob } from './support.ts'

const randomId = () => `00${randomBytes(30).toString('hex')}`
const fake = (self: string) => ({ jobId: randomId(), unitPriceWei: '9'.repeat(40), openMicroJobs: 5, holders: [self] })

/** A peer that takes every question about a log, and never answers. */
async function startStaller(t: TestContext, network: FakeNetwork) {
  const { self, channels, streams } = network.peer(newSigner().peer)
  const end = new AbortController()
  t.after(() => end.abort())
  const stall = (signal: AbortSignal) => new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
  const asked = Promise.withResolvers<void>()
  await streams.serve(LOG_SYNC, async function* (_request, { signal }) {
    asked.resolve()
    await stall(AbortSignal.any([signal, end.signal]))
    yield* []
  })

  return { self, asked: asked.promise, board: await createJobsBoard({ channels, clock: systemClock }) }
}

describe('a processor', () => {
  it('works on an honest Job while thirty that claim to pay more, and do not exist, stall it', { timeout: 15_000 }, async (t) => {
    const network = createFakeNetwork()
    const staller = await startStaller(t, network)
    const requester = await startRolePeer(t, network)
    const { peer, ran, components } = await processorParts(t, network)
    const { jobId } = await writeJob(requester)
    for (let index = 0; index < 30; index++) await staller.board.announce(fake(staller.self))
    await requester.board.announce({ jobId, unitPriceWei: '0', openMicroJobs: 1, holders: [requester.self] })
    const startMs = performance.now()
    const processor = createProcessor(components)
    await staller.asked
    await ran
    const tookMs = performance.now() - startMs
    const jobs = processor.jobs()
    await processor.stop(AbortSignal.abort())
    assert.ok(tookMs < 3000, `the honest Job had to wait for the others to fail: ${tookMs} ms`)
    assert.deepEqual(jobs, [jobId])
    assert.deepEqual(await peer.replica.jobs(), [jobId])
  })

  it('gives a Job up soon that its holder does not describe, and leaves nothing of it behind', { timeout: 15_000 }, async (t) => {
    const network = createFakeNetwork()
    const staller = await startStaller(t, network)
    const { peer, released, components } = await processorParts(t, network)
    const notice = fake(staller.self)
    const startMs = performance.now()
    await assert.rejects(joinJob(components, notice), { name: 'TimeoutError' })
    assert.ok(performance.now() - startMs < 8000)
    assert.deepEqual([await peer.replica.jobs(), released], [[], [notice.jobId]])
    // The topics are free, too: what it could not join, it can join later.
    await (await peer.sessions.open(notice.jobId as never)).close()
  })
})
