import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it, type TestContext } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import { silentLogger } from '../../src/log.ts'
import type { Clock } from '../../src/ports.ts'
import { finishStaleJobs, STALE_PINS_MS } from '../../src/roles/stale-jobs.ts'
import { createBlocks } from '../../src/storage/blocks.ts'
import { createMemoryKeyValueStore, createPins } from '../../src/storage/pins.ts'
import { createFakeNetwork } from '../fakes/network.ts'
import { memoryVault, startRolePeer, writeJob } from './support.ts'

/** Looks are over at once where the test says so. */
function lookClock(isShort: boolean): Clock {
  return { nowMs: systemClock.nowMs, sleep: (ms, options) => systemClock.sleep(isShort && ms === 60_000 ? 0 : ms, options) }
}

/** A peer that was down, and what it kept; what it finds when it looks. */
async function bench(t: TestContext) {
  const network = createFakeNetwork()
  const peer = await startRolePeer(t, network)
  const requester = await startRolePeer(t, network)
  const time = { nowMs: Date.now() }
  const blocks = await createBlocks({}, { pins: createPins(createMemoryKeyValueStore(), { wallClockMs: () => time.nowMs }) })
  t.after(() => blocks.stop())
  /** Takes part in a Job of the requester's, and leaves it for no good reason. */
  const takePart = async ({ pins = true, writes = true } = {}) => {
    const job = await writeJob(requester)
    const session = await peer.sessions.open(job.jobId)
    await session.until((view) => view.info !== undefined)
    if (writes) await session.append({ kind: 'complaint', reason: 'crash', macro: 0, micro: 0 })
    await session.close()
    if (pins) await blocks.put(randomBytes(10), { owner: job.jobId })
    return job
  }
  const look = ({ isShort = false, takesPart = false } = {}) => {
    const components = {
      ...peer,
      blocks,
      vault: memoryVault(),
      takesPart: () => takesPart,
      clock: lookClock(isShort),
      logger: silentLogger,
    }
    return finishStaleJobs({ ...components, unixMs: () => time.nowMs }, new AbortController().signal)
  }
  const finished = async () => (await blocks.owners()).filter(({ finishedAtMs }) => finishedAtMs !== undefined).map(({ owner }) => owner)
  return { peer, time, blocks, takePart, look, finished }
}

describe('the Jobs of an earlier run', () => {
  it('are finished where they have ended meanwhile', async (t) => {
    const { peer, takePart, look, finished } = await bench(t)
    const { jobId, session } = await takePart()
    await session.append({ kind: 'cancel' })
    await look({ takesPart: true })
    assert.deepEqual(await finished(), [])
    await look()
    assert.deepEqual(await finished(), [jobId])
    assert.ok(!peer.replica.isOpen(jobId))
  })

  it('stay while they are under way, and are finished when nobody can come back to them', async (t) => {
    const { peer, time, blocks, takePart, look, finished } = await bench(t)
    const { jobId } = await takePart()
    const unknown = `00${randomBytes(30).toString('hex')}`
    await blocks.put(randomBytes(10), { owner: unknown })
    await blocks.put(randomBytes(10), { owner: 'placing/somebody' })
    await look({ isShort: true })
    assert.deepEqual(await finished(), [])
    time.nowMs += STALE_PINS_MS
    await look({ isShort: true })
    assert.deepEqual((await finished()).sort(), [jobId, unknown].sort())
    assert.deepEqual(await peer.replica.jobs(), [jobId])
  })

  it('leave no log without pins, unless something in it is ours and may be asked for', async (t) => {
    const { peer, takePart, look } = await bench(t)
    const read = await takePart({ pins: false, writes: false })
    const open = await takePart({ pins: false })
    const ended = await takePart({ pins: false })
    await ended.session.append({ kind: 'cancel' })
    const heard = await peer.sessions.open(ended.jobId)
    await heard.until((view) => view.cancelledBy.size > 0)
    await heard.close()
    assert.deepEqual((await peer.replica.jobs()).sort(), [read.jobId, open.jobId, ended.jobId].sort())
    await look({ isShort: true })
    assert.deepEqual(await peer.replica.jobs(), [open.jobId])
  })
})
