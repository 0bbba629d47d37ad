import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import { CLOCK_TOLERANCE_MS } from '../../src/job/deadline.ts'
import type { Compute } from '../../src/ports.ts'
import { JobRefusedError } from '../../src/roles/errors.ts'
import { createJobOutlook } from '../../src/roles/job-outlook.ts'
import { joinJob } from '../../src/roles/join-job.ts'
import { createProcessor } from '../../src/roles/processor.ts'
import { createFakeNetwork } from '../fakes/network.ts'
import { JobWorld, peerName, plainInfo } from '../support/job-world.ts'
import { processorParts, startRolePeer, writeJob } from './support.ts'

const DEADLINE = 1_900_000_000
/** The time of day at which a peer gives such a Job up. */
const GIVEN_UP_MS = DEADLINE * 1000 + CLOCK_TOLERANCE_MS
const noticeOf = (jobId: string, holder: string) => ({ jobId, unitPriceWei: '0', openMicroJobs: 1, holders: [holder] })

describe('the deadline of a Job', () => {
  it('passes without a record, also where the clock is set anew meanwhile', { timeout: 10_000 }, async (t) => {
    const { view } = new JobWorld({ ...plainInfo(1, 1, 1, peerName(16)), deadline: DEADLINE }, [{}])
    let unixMs = DEADLINE * 1000 - 3_600_000
    // A clock whose sleeps end at once, each of them a second or more of the day.
    const clock = {
      ...systemClock,
      async sleep(ms: number) {
        await new Promise(setImmediate)
        unixMs += ms
        if (unixMs > DEADLINE * 1000 - 1_800_000) unixMs = Math.max(unixMs, DEADLINE * 1000 - 10)
      },
    }
    const outlook = createJobOutlook({ view, onChange: () => () => {} }, { clock, unixMs: () => unixMs })
    t.after(() => outlook.close())
    assert.ok(!outlook.isOver())
    await outlook.untilOver()
    assert.equal(outlook.progress().state, 'expired')
  })

  it('is held against a peer clock that may be an hour fast: who comes later does not join', async (t) => {
    const network = createFakeNetwork()
    const requester = await startRolePeer(t, network)
    const { components } = await processorParts(t, network)
    const { jobId } = await writeJob(requester, { deadline: DEADLINE })
    const notice = noticeOf(jobId, requester.self)
    const late = { ...components, unixMs: () => GIVEN_UP_MS }
    await assert.rejects(joinJob(late, notice), (error) => error instanceof JobRefusedError && /expired/.test(error.message))
    const membership = await joinJob({ ...components, unixMs: () => GIVEN_UP_MS - 1000 }, notice)
    assert.ok(!membership.over())
    await membership.leave()
  })

  it('ends the part of a peer that is at work', { timeout: 10_000 }, async (t) => {
    const network = createFakeNetwork()
    const requester = await startRolePeer(t, network)
    const { components } = await processorParts(t, network)
    const { slicing } = plainInfo(1, 200, 1, requester.self)
    const { jobId, session } = await writeJob(requester, { deadline: DEADLINE, slicing })
    await requester.board.announce(noticeOf(jobId, requester.self))
    let unixMs = GIVEN_UP_MS - 3_600_000
    const sooner = { ...systemClock, sleep: (ms: number, options = {}) => systemClock.sleep(Math.min(ms, 20), options) }
    const result = { output: new Uint8Array(4), hash: new Uint8Array(32), deviceMs: 30 }
    const run = () => new Promise((resolve) => setTimeout(() => resolve([result]), 30))
    const compute = { ...components.compute, run } as unknown as Compute
    const blocks = { ...components.blocks, put: async () => session.view.info?.code.cid as string }
    const left = Promise.withResolvers<void>()
    const logger = { ...components.logger, info: (text: string) => text === 'left a Job that is over' && left.resolve() }
    const processor = createProcessor({ ...components, compute, blocks, clock: sooner, unixMs: () => unixMs, logger: logger as never })
    t.after(() => processor.stop(AbortSignal.abort()))
    await session.until(({ commits }) => commits.size >= 3)
    unixMs = GIVEN_UP_MS
    await left.promise
    assert.deepEqual(processor.jobs(), [])
    assert.ok(session.view.commits.size < 100, `it went on for ${session.view.commits.size} MicroJobs`)
  })
})
