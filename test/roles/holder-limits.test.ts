import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it, type TestContext } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import type { JobId } from '../../src/job/ids.ts'
import { type Logger, silentLogger } from '../../src/log.ts'
import type { Clock } from '../../src/ports.ts'
import { type HoldReply, holdReplyCodec, holdRequestCodec } from '../../src/protocol/messages.ts'
import { QUIET_MS } from '../../src/roles/held-places.ts'
import { createHolder, HOLD_SPEC, type HolderInit } from '../../src/roles/holder.ts'
import { createBlocks } from '../../src/storage/blocks.ts'
import { createGarbageCollector } from '../../src/storage/garbage-collector.ts'
import { createFakeNetwork } from '../fakes/network.ts'
import { memoryVault, type RolePeer, startRolePeer, writeJob } from './support.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const KIB = 1024

/** Sleeps of an hour end when the test says so; the others are the machine's. */
function hourlyClock() {
  const sleeping = new Set<() => void>()
  const clock: Clock = {
    nowMs: systemClock.nowMs,
    sleep: (ms, options) =>
      ms !== HOUR_MS
        ? systemClock.sleep(ms, options)
        : new Promise((resolve, reject) => {
            sleeping.add(resolve)
            options?.signal?.addEventListener('abort', () => reject(options.signal?.reason))
          }),
  }
  const tick = () => {
    for (const wake of [...sleeping]) wake()
    sleeping.clear()
  }
  return { clock, tick }
}

/** A logger that tells when a Job is given up. */
function gaveUp() {
  let tell = (_jobId: unknown) => {}
  const info = (message: string, facts: { jobId?: string } = {}) => message.startsWith('gave up') && tell(facts.jobId)
  const logger: Logger = { ...silentLogger, info, child: () => logger }
  return { logger, next: () => new Promise((resolve) => (tell = resolve)) }
}

/** A holder with real blocks and pins, whose time of day is the test's. */
async function bench(t: TestContext, init: HolderInit = {}, networkOf?: (peer: string) => string | undefined) {
  const network = createFakeNetwork()
  const peer = await startRolePeer(t, network, { answersFirst: true })
  const blocks = await createBlocks({ streams: peer.streams })
  t.after(() => blocks.stop())
  const vault = memoryVault()
  const { clock, tick } = hourlyClock()
  const { logger, next } = gaveUp()
  const time = { nowMs: Date.now() }
  const collector = createGarbageCollector({ blocks, clock, logger: silentLogger }, { maxAgeMs: DAY_MS, maxBytes: init.maxBytes ?? 1e12 })
  t.after(() => collector.stop())
  const start = async () => {
    const components = { ...peer, blocks, vault, clock, logger, unixMs: () => time.nowMs, collect: () => collector.collect() }
    const holder = await createHolder({ ...components, ...(networkOf && { networkOf }) }, init)
    t.after(() => holder.stop())
    return holder
  }
  const requester = async () => {
    const requester = await startRolePeer(t, network)
    const blocks = await createBlocks({ streams: requester.streams })
    t.after(() => blocks.stop())
    const job = async (bytes: number, says = bytes) => {
      const cid = await blocks.put(randomBytes(bytes), { owner: 'x' })
      return writeJob(requester, { code: { kind: 'wgsl', uri: `ipfs://${cid}`, cid, bytes: says } })
    }
    return { ...requester, job, ask: (jobId: JobId) => ask(requester, peer, jobId) }
  }
  return { peer, blocks, vault, tick, time, next, start, holder: await start(), requester }
}

async function ask(requester: RolePeer, holder: RolePeer, jobId: string): Promise<HoldReply | undefined> {
  let last: HoldReply | undefined
  const request = holdRequestCodec.encode({ jobId })
  for await (const frame of requester.streams.request(holder.self, HOLD_SPEC, request)) last = holdReplyCodec.decode(frame)
  return last
}

describe('a holder whose disk has a limit', () => {
  it('takes what fits below it, and says why it refuses the rest', async (t) => {
    const { blocks, holder, requester } = await bench(t, { maxBytes: 130 * KIB })
    const one = await requester()
    const replies: (HoldReply | undefined)[] = []
    for (let index = 0; index < 8; index++) replies.push(await one.ask((await one.job(60 * KIB)).jobId))
    assert.deepEqual(
      replies.map((reply) => reply?.type),
      ['held', 'held', ...Array(6).fill('refused')],
    )
    assert.deepEqual(replies.at(-1), { type: 'refused', code: 'full', reason: 'disk' })
    assert.equal(holder.jobs().length, 2)
    await blocks.gc()
    assert.ok((await blocks.usedBytes()) <= 130 * KIB)
  })

  it('takes no more than a Job said it would bring', async (t) => {
    const { blocks, holder, requester } = await bench(t, { maxBytes: 130 * KIB })
    const liar = await requester()
    assert.deepEqual(await liar.ask((await liar.job(60 * KIB, 10)).jobId), { type: 'refused', code: 'unreachable' })
    await blocks.gc()
    assert.deepEqual([holder.jobs(), await blocks.usedBytes()], [[], 0])
  })

  it('gives up a Job of whoever has most of it, once what is to take its place is here', async (t) => {
    const { blocks, holder, requester } = await bench(t, { maxBytes: 130 * KIB })
    const greedy = await requester()
    const first = await greedy.job(60 * KIB)
    const second = await greedy.job(60 * KIB)
    for (const { jobId } of [first, second]) assert.equal((await greedy.ask(jobId))?.type, 'held')
    const other = await requester()
    // A claim alone takes nobody's place.
    await other.ask((await other.job(60 * KIB, 10)).jobId)
    assert.deepEqual(holder.jobs(), [first.jobId, second.jobId])
    const honest = await other.job(60 * KIB)
    assert.equal((await other.ask(honest.jobId))?.type, 'held')
    assert.deepEqual(holder.jobs(), [second.jobId, honest.jobId])
    assert.ok((await blocks.usedBytes()) <= 130 * KIB)
  })

  it('makes room of Jobs that are over', async (t) => {
    const { peer, blocks, holder, requester } = await bench(t, { maxBytes: 130 * KIB })
    const one = await requester()
    for (const _ of [1, 2]) {
      const { jobId, session } = await one.job(60 * KIB)
      assert.equal((await one.ask(jobId))?.type, 'held')
      const followed = await peer.sessions.open(jobId)
      await session.append({ kind: 'cancel' })
      await followed.until((view) => view.cancelledBy.size > 0)
      await followed.close()
    }
    const third = await one.job(60 * KIB)
    assert.equal((await one.ask(third.jobId))?.type, 'held')
    assert.ok(holder.jobs().includes(third.jobId))
    assert.ok((await blocks.usedBytes()) <= 130 * KIB)
  })
})

describe('a holder whose places are taken', () => {
  it('gives few to a network, whatever the keys', async (t) => {
    const { holder, requester } = await bench(t, { maxJobsOfNetwork: 2 }, () => '203.0.113.0/24')
    const replies: (HoldReply | undefined)[] = []
    for (let index = 0; index < 3; index++) {
      const one = await requester()
      replies.push(await one.ask((await one.job(1)).jobId))
    }
    assert.deepEqual(replies.at(-1), { type: 'refused', code: 'full', reason: 'network' })
    assert.equal(holder.jobs().length, 2)
  })

  it('drops the least active Job of whoever has most, with its log and its pins', async (t) => {
    const { peer, blocks, time, vault, holder, requester } = await bench(t, { maxJobs: 3 })
    const many = await requester()
    const jobs = [await many.job(1), await many.job(1), await many.job(1)]
    for (const { jobId } of jobs) assert.equal((await many.ask(jobId))?.type, 'held')
    const [first, second, third] = jobs as [(typeof jobs)[0], (typeof jobs)[0], (typeof jobs)[0]]
    time.nowMs += DAY_MS / 2
    // The first has moved since, so that the second is the least active.
    const followed = await peer.sessions.open(first.jobId)
    const moved = followed.until((view) => view.complaints.size > 0)
    await first.session.append({ kind: 'complaint', reason: 'limits', macro: 0, micro: 0 })
    await moved
    await followed.close()
    const late = await requester()
    const { jobId } = await late.job(1)
    assert.equal((await late.ask(jobId))?.type, 'held')
    const kept = [first.jobId, third.jobId, jobId]
    assert.deepEqual(holder.jobs(), kept)
    assert.deepEqual((await peer.replica.jobs()).sort(), [...kept].sort())
    assert.deepEqual((await blocks.owners()).map(({ owner }) => owner).sort(), [...kept].sort())
    assert.deepEqual(vault.keys().sort(), kept.map((id) => `hold/${id}|place`).sort())
    assert.ok(!vault.keys().some((key) => key.includes(second.jobId)))
  })

  it('lets go of a Job that nobody has written to for a week, also over a restart', async (t) => {
    const { peer, blocks, time, tick, next, holder, start, requester } = await bench(t)
    const one = await requester()
    const { jobId } = await one.job(1)
    const other = await one.job(1)
    for (const each of [jobId, other.jobId]) assert.equal((await one.ask(each))?.type, 'held')
    time.nowMs += QUIET_MS - 1
    const followed = await peer.sessions.open(other.jobId)
    const moved = followed.until((view) => view.complaints.size > 0)
    await other.session.append({ kind: 'complaint', reason: 'limits', macro: 0, micro: 0 })
    await moved
    await followed.close()
    await holder.stop()
    const again = await start()
    assert.deepEqual(again.jobs().sort(), [jobId, other.jobId].sort())
    time.nowMs += 1
    const gone = next()
    tick()
    assert.equal(await gone, jobId)
    assert.deepEqual(again.jobs(), [other.jobId])
    assert.deepEqual(await peer.replica.jobs(), [other.jobId])
    assert.deepEqual(
      (await blocks.owners()).map(({ owner }) => owner),
      [other.jobId],
    )
  })
})
