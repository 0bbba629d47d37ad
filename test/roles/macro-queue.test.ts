import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it, type TestContext } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import type { QueueMessage, QueueSettings } from '../../src/job/queue.ts'
import { peerIdFromPublicKey } from '../../src/protocol/peer-id.ts'
import { queueChannelSpec } from '../../src/protocol/queue-messages.ts'
import { type MacroQueue, type MacroQueueInit, openMacroQueue } from '../../src/roles/macro-queue.ts'
import { createQueueSnapshots } from '../../src/roles/queue-snapshots.ts'
import { createFakeNetwork, type FakeNetwork, type FakePeer, NO_FAULTS } from '../fakes/network.ts'

const topic = 'minga/1/job/x/0'
const macroId = 'ab'.repeat(31)
/** A tenth of the real times: what takes a second there takes a tick or two here. */
const settings: Partial<QueueSettings> = {
  leaseMs: 600,
  beatMs: 60,
  ownerTimeoutMs: 250,
  holderLeftMs: 100,
  claimStepMs: 30,
  retryMs: 100,
  requestTtlMs: 600,
  gapMs: 150,
  listenMs: 60,
  frozenMs: 60_000,
}

interface Bench {
  network: FakeNetwork
  open(init?: Partial<MacroQueueInit>, options?: { withoutStreams?: boolean }): Promise<{ peer: FakePeer; queue: MacroQueue }>
}

function bench(t: TestContext, n: number): Bench {
  const network = createFakeNetwork()
  let count = 0
  return {
    network,
    async open(init = {}, { withoutStreams = false } = {}) {
      const peer = network.peer(peerIdFromPublicKey(randomBytes(32)))
      const snapshots = withoutStreams ? undefined : await createQueueSnapshots({ streams: peer.streams })
      const components = { channels: peer.channels, clock: systemClock, self: peer.self, ...(snapshots ? { snapshots } : {}) }
      const queue = await openMacroQueue(components, { topic, macroId, n, creator: count++ === 0, settings, ...init })
      t.after(async () => {
        await queue.close()
        await snapshots?.close()
      })
      return { peer, queue }
    },
  }
}

type Opened = Awaited<ReturnType<Bench['open']>>

/** Works a queue off; each record reaches all the queues at once, as the Job's log would tell them. */
async function workOff({ peer, queue }: Opened, all: readonly Opened[], done: number[], isOver = () => false): Promise<void> {
  for (;;) {
    const item = await queue.take()
    if (item === undefined || isOver()) return
    done.push(item)
    await new Promise(setImmediate)
    for (const other of all) other.queue.recorded([item], { by: peer.self })
  }
}

const range = (n: number) => Array.from({ length: n }, (_, index) => index)
const sorted = (items: readonly number[]) => items.toSorted((a, b) => a - b)

describe('macro queue', () => {
  it('gives each MicroJob to one peer, and ends for all', async (t) => {
    const n = 60
    const { open } = bench(t, n)
    const all = [await open(), await open(), await open()]
    const done: number[] = []
    await Promise.all(all.map((each) => workOff(each, all, done)))
    assert.deepEqual(sorted(done), range(n))
    for (const { queue } of all) {
      assert.equal(queue.progress().done, n)
      assert.equal(await queue.take(), undefined)
    }
  })

  it('works over a network that loses, doubles and reorders', async (t) => {
    const n = 40
    const { open, network } = bench(t, n)
    const all = [await open(), await open(), await open()]
    network.faults = { ...NO_FAULTS, dropRate: 0.1, duplicateRate: 0.1, maxDelayMs: 8 }
    const done: number[] = []
    await Promise.all(all.map((each) => workOff(each, all, done)))
    assert.deepEqual([...new Set(sorted(done))], range(n))
  })

  it('goes on when the owner vanishes with locks in its hands', async (t) => {
    const n = 12
    const { open } = bench(t, n)
    const claimed = Promise.withResolvers<string>()
    const first = await open()
    const taken = await first.queue.take()
    const onOwner = (peer: string, _epoch: number, isClaim: boolean) => isClaim && peer !== first.peer.self && claimed.resolve(peer)
    const second = await open({ onOwner })
    const third = await open({ onOwner })
    const rest = [second, third]
    assert.equal(first.queue.progress().owner, first.peer.self)
    first.peer.vanish()
    const done: number[] = []
    await Promise.all(rest.map((each) => workOff(each, rest, done)))
    assert.ok(done.includes(taken!))
    assert.deepEqual(sorted(done), range(n))
    assert.ok(rest.some(({ peer }) => peer.self === second.peer.self || peer.self === third.peer.self))
    await claimed.promise
  })

  it('hands the queue over when it is closed, so that nobody waits for a timeout', async (t) => {
    const { open } = bench(t, 3)
    const owners: { peer: string; claimed: boolean }[] = []
    const first = await open()
    const heard = Promise.withResolvers<void>()
    const second = await open({
      onOwner: (peer, _, claimed) => {
        owners.push({ peer, claimed })
        heard.resolve()
      },
    })
    await heard.promise
    const taken = await first.queue.take()
    await first.queue.close()
    await first.queue.close()
    assert.equal(await first.queue.take(), undefined)
    const items = [await second.queue.take(), await second.queue.take(), await second.queue.take()]
    assert.ok(items.includes(taken))
    assert.deepEqual(owners.at(-1), { peer: second.peer.self, claimed: false })
  })

  it('ends a wait by its signal, and loses nothing by that', async (t) => {
    const { open } = bench(t, 1)
    const first = await open()
    const second = await open()
    const item = await first.queue.take()
    const reason = new Error('enough')
    const controller = new AbortController()
    const waiting = second.queue.take({ signal: controller.signal })
    controller.abort(reason)
    await assert.rejects(waiting, reason)
    await assert.rejects(second.queue.take({ signal: controller.signal }), reason)
    first.queue.release([item!])
    assert.equal(await second.queue.take(), item)
  })

  it('tells who works on what another has done', async (t) => {
    const { open } = bench(t, 1)
    const lost = Promise.withResolvers<number[]>()
    const first = await open({ onLost: lost.resolve })
    const item = await first.queue.take()
    first.queue.recorded([item!], { by: 'somebody else' })
    assert.deepEqual(await lost.promise, [item])
    assert.equal(await first.queue.take(), undefined)
  })

  it('opens again what the agreement wants anew', async (t) => {
    const { open } = bench(t, 2)
    const finished = Promise.withResolvers<void>()
    const { queue } = await open({ onFinished: finished.resolve })
    for (const item of [await queue.take(), await queue.take()]) queue.recorded([item!])
    await finished.promise
    queue.reopened([1], 3)
    assert.equal(await queue.take(), 1)
    queue.recorded([1], { attempt: 2 })
    assert.equal(queue.progress().done, 1)
    queue.recorded([1])
    assert.equal(await queue.take(), undefined)
  })

  for (const withoutStreams of [false, true]) {
    it(`shows a newcomer what is locked (${withoutStreams ? 'by the channel' : 'by stream'})`, async (t) => {
      const { open } = bench(t, 4)
      const first = await open({}, { withoutStreams })
      const taken = [await first.queue.take(), await first.queue.take(), await first.queue.take()]
      const second = await open({}, { withoutStreams })
      const item = await second.queue.take()
      assert.ok(!taken.includes(item))
      const waiting = second.queue.take()
      first.queue.release([taken[0]!])
      assert.equal(await waiting, taken[0])
    })
  }

  it('does not let through what no honest peer says', async (t) => {
    const { open, network } = bench(t, 4)
    const { queue } = await open()
    const stranger = network.peer(peerIdFromPublicKey(randomBytes(32)))
    const channel = await stranger.channels.join<QueueMessage>(queueChannelSpec(topic, () => ({ verdict: 'accept' })))
    const beat: QueueMessage = {
      type: 'beat',
      queue: 1,
      n: 4,
      epoch: 9,
      done: [],
      seq: 0,
      branch: 0,
      owner: true,
      count: 1,
      holding: [],
      released: [],
      leaving: false,
    }
    assert.deepEqual(queue.judge(beat, stranger.self), { verdict: 'reject', code: 'wrong-queue' })
    await channel.publish(beat)
    await queue.take()
    assert.equal(queue.progress().epoch, 1)
  })

  it('has no answer for a queue that is not open', async () => {
    const network = createFakeNetwork()
    const [a, b] = [network.peer(peerIdFromPublicKey(randomBytes(32))), network.peer(peerIdFromPublicKey(randomBytes(32)))]
    const asked = await createQueueSnapshots({ streams: b.streams })
    const asking = await createQueueSnapshots({ streams: a.streams })
    await assert.rejects(asking.fetch(b.self, 'cd'.repeat(31)))
    await asked.close()
    await asking.close()
  })
})
