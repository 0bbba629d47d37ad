import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { silentLogger } from '../../src/log.ts'
import type { Clock } from '../../src/ports.ts'
import type { BlocksInit } from '../../src/storage/blocks.ts'
import { createBlocks } from '../../src/storage/blocks.ts'
import { createGarbageCollector } from '../../src/storage/garbage-collector.ts'
import { createMemoryStore } from '../../src/storage/memory-store.ts'
import { createMemoryKeyValueStore, createPins } from '../../src/storage/pins.ts'
import { MIB, sameBytes } from './peers.ts'

/** Sleeps end when the test says so. */
function createManualClock(): Clock & { tick(): void } {
  let wake = (): void => {}
  return {
    nowMs: () => 0,
    tick: () => wake(),
    sleep: (_ms, options) =>
      new Promise((resolve, reject) => {
        wake = resolve
        options?.signal?.addEventListener('abort', () => reject(options.signal?.reason))
      }),
  }
}

async function setUp(init: BlocksInit = {}) {
  let nowMs = 1_000
  const wallClockMs = () => nowMs
  const blocks = await createBlocks({}, { ...init, pins: createPins(createMemoryKeyValueStore(), { wallClockMs }) })
  return { blocks, wallClockMs, advance: (ms: number) => (nowMs += ms) }
}

describe('gc', () => {
  it('frees what nobody pins and keeps shared leaves of what somebody does', async () => {
    const { blocks } = await setUp()
    const shared = randomBytes(2 * MIB)
    const kept = await blocks.put(Buffer.concat([shared, randomBytes(10)]), { owner: 'job' })
    const dropped = await blocks.put(Buffer.concat([shared, randomBytes(MIB)]))
    const { freedBytes } = await blocks.gc()
    assert.ok(freedBytes > MIB && freedBytes < 1.1 * MIB)
    assert.deepEqual([await blocks.has(kept), await blocks.has(dropped)], [true, false])
    await blocks.stop()
  })

  it('leaves alone what is being added while it runs', async () => {
    const { blocks } = await setUp()
    const first = randomBytes(2 * MIB)
    const second = randomBytes(2 * MIB)
    async function* slowly() {
      yield first
      await blocks.gc() // the first leaves lie in the store, pinned by nobody
      yield second
    }
    const cid = await blocks.put(slowly(), { owner: 'job' })
    await blocks.gc()
    assert.ok(sameBytes(await blocks.read(cid), Buffer.concat([first, second])))
    await blocks.stop()
  })

  it('never loses a file that is put again while it is being collected', async () => {
    const { blocks } = await setUp()
    const bytes = randomBytes(3 * MIB)
    for (let round = 0; round < 20; round++) {
      await blocks.put(bytes)
      const [, cid] = await Promise.all([blocks.gc(), blocks.put(bytes, { owner: `job ${round}` })])
      assert.ok(sameBytes(await blocks.read(cid), bytes))
      await blocks.release(`job ${round}`)
    }
    await blocks.stop()
  })
})

describe('the collector', () => {
  it('releases finished owners by age, and owners at work never', async () => {
    const { blocks, wallClockMs, advance } = await setUp()
    const collector = createGarbageCollector(
      { blocks, clock: createManualClock(), logger: silentLogger },
      { maxAgeMs: 100, maxBytes: Infinity, wallClockMs },
    )
    await blocks.put(randomBytes(10), { owner: 'finished' })
    const working = await blocks.put(randomBytes(10), { owner: 'working' })
    await blocks.finish('finished')
    advance(99)
    assert.deepEqual((await collector.collect()).releasedOwners, [])
    advance(1)
    assert.deepEqual(await collector.collect(), { releasedOwners: ['finished'], freedBytes: 10, usedBytes: 10 })
    assert.equal(await blocks.has(working), true)
    await collector.stop()
    await blocks.stop()
  })

  it('releases the oldest finished owners first until the total fits', async () => {
    const { blocks, wallClockMs, advance } = await setUp()
    const collector = createGarbageCollector(
      { blocks, clock: createManualClock(), logger: silentLogger },
      { maxAgeMs: Infinity, maxBytes: 250, wallClockMs },
    )
    for (const owner of ['b', 'a', 'c', 'working']) {
      await blocks.put(randomBytes(100), { owner })
      if (owner !== 'working') await blocks.finish(owner)
      advance(1)
    }
    assert.deepEqual(await collector.collect(), { releasedOwners: ['b', 'a'], freedBytes: 200, usedBytes: 200 })
    await collector.stop()
    await blocks.stop()
  })

  it('collects at each tick of its clock until it is stopped', async () => {
    const store = createMemoryStore()
    const { blocks, wallClockMs } = await setUp({ store })
    const clock = createManualClock()
    const collected = Promise.withResolvers<void>()
    const watched = {
      ...blocks,
      async usedBytes() {
        collected.resolve()
        return blocks.usedBytes()
      },
    }
    const collector = createGarbageCollector({ blocks: watched, clock, logger: silentLogger }, { maxAgeMs: 1, maxBytes: 1, wallClockMs })
    await blocks.put(randomBytes(100))
    clock.tick()
    await collected.promise
    assert.equal(await blocks.usedBytes(), 0)
    await collector.stop()
    await collector.stop()
    await blocks.stop()
  })
})
