import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createQueueState, itemOf, type QueueGrant, type QueueState, reduceQueue, slotOf } from '../../src/job/queue.ts'
import { createQueueBench } from '../support/queue-bench.ts'

const statuses = (state: QueueState) => state.items.map(({ status }) => status)

describe('queue: hand-over', () => {
  it('gives one requester its MicroJobs and the queue', () => {
    const bench = createQueueBench(['a', 'b'], { n: 2 })
    bench.take('b')
    bench.advance(10)
    assert.deepEqual(bench.working('b').length, 1)
    for (const peer of ['a', 'b']) {
      assert.equal(bench.state(peer).owner, 'b')
      assert.equal(bench.state(peer).epoch, 2)
    }
  })

  it('serves all who wait with one message, in which each in turn is the owner', () => {
    const bench = createQueueBench(['a', 'b', 'c', 'd'], { n: 40 })
    for (const peer of ['a', 'b', 'c', 'd']) bench.take(peer)
    bench.advance(10)
    const grants = bench.sent.filter(({ message }) => message.type === 'grant')
    assert.equal(grants.length, 1)
    const { epoch, grants: run } = grants[0]!.message as QueueGrant
    assert.deepEqual(
      run.map(({ to }) => to),
      ['a', 'b', 'c', 'd'],
    )
    assert.equal(epoch, 1)
    for (const peer of ['a', 'b', 'c', 'd']) {
      assert.equal(bench.state(peer).epoch, 4, 'three hand-overs; the own lock of the owner is none')
      assert.equal(bench.state(peer).owner, 'd')
      assert.equal(bench.working(peer).length, 1)
    }
  })

  it('never gives one MicroJob to two, and all agree who holds what', () => {
    const bench = createQueueBench(['a', 'b', 'c'], { n: 30 })
    for (const peer of ['a', 'b', 'c']) bench.take(peer, 3)
    bench.advance(20)
    const given = ['a', 'b', 'c'].flatMap((peer) => bench.working(peer))
    assert.equal(new Set(given).size, given.length)
    const holders = ['a', 'b', 'c'].map((peer) => bench.state(peer).items.map(({ holder }) => holder))
    assert.deepEqual(holders[1], holders[0])
    assert.deepEqual(holders[2], holders[0])
  })

  it('ends when all is recorded, and tells everybody', () => {
    const bench = createQueueBench(['a', 'b'], { n: 5 })
    for (let round = 0; round < 10 && !bench.state('a').finished; round++) {
      for (const peer of ['a', 'b']) if (bench.working(peer).length === 0) bench.take(peer)
      bench.advance(10)
      for (const peer of ['a', 'b']) bench.finish(peer, [...bench.working(peer)])
    }
    const finished = bench.effects.filter(({ effect }) => effect.type === 'finished').map(({ peer }) => peer)
    assert.deepEqual(finished.sort(), ['a', 'b'])
    assert.equal(bench.sent.filter(({ message }) => message.type === 'claim').length, 0)
  })

  it('leaves the state it was given untouched', () => {
    const state = createQueueState({ self: 'a', macroId: 'm', n: 3, nowMs: 0, creator: true, members: ['b'] })
    const before = structuredClone(state)
    reduceQueue(state, { type: 'take', nowMs: 1 })
    reduceQueue(state, { type: 'recorded', slots: [0, 1], by: 'a', nowMs: 2 })
    reduceQueue(state, { type: 'peer', peer: 'c', change: 'joined', nowMs: 3 })
    assert.deepEqual(state, before)
  })

  it('refuses a queue of no or too many MicroJobs', () => {
    for (const n of [0, 4097, 1.5]) assert.throws(() => createQueueState({ self: 'a', macroId: 'm', n, nowMs: 0 }), RangeError)
  })
})

describe('queue: batches', () => {
  /** Works `peer` off at `paceMs` a MicroJob. */
  function workOff(n: number, paceMs: number) {
    const bench = createQueueBench(['a', 'b'], { n })
    bench.take('a')
    bench.take('b')
    for (let step = 0; step < 4 * n && !bench.state('a').finished; step++) {
      bench.advance(Math.max(1, paceMs))
      for (const peer of ['a', 'b']) {
        const [slot] = bench.working(peer)
        if (slot === undefined) continue
        bench.finish(peer, [slot])
        bench.take(peer)
      }
    }
    assert.ok(bench.state('a').finished)
    const sizes = bench.sent.flatMap(({ message }) => (message.type === 'grant' ? message.grants.map(({ slots }) => slots.length) : []))
    return { sizes, messages: bench.sent.length }
  }

  it('grow with quick work and shrink towards the end', () => {
    const { sizes, messages } = workOff(400, 1)
    assert.equal(sizes[0], 1, 'the pace is not known yet')
    assert.equal(Math.max(...sizes), 32)
    assert.ok(sizes.at(-1)! <= 2)
    assert.ok(messages < 400 / 4, `${messages} messages`)
  })

  it('stay at one where a MicroJob takes long', () => {
    const { sizes } = workOff(12, 500)
    assert.ok(sizes.every((size) => size === 1))
  })

  it('go back where the work turns out slower than it looked', () => {
    const bench = createQueueBench(['a', 'b'], { n: 8 })
    bench.advance(10)
    bench.take('a')
    bench.advance(5)
    bench.finish('a', [...bench.working('a')])
    bench.take('a')
    bench.advance(5)
    assert.ok(bench.state('a').ready.length > 0, 'more than one was fetched at that pace')
    bench.advance(1_000)
    assert.deepEqual([bench.state('a').ready, bench.state('a').started.length], [[], 1])
    assert.equal(bench.state('b').openCount, 6)
  })

  it('are fetched when half of the last is gone', () => {
    const bench = createQueueBench(['a', 'b'], { n: 400 })
    bench.take('b')
    bench.advance(10)
    bench.take('a')
    bench.advance(10)
    for (let i = 0; i < 60; i++) {
      bench.finish('b', [bench.working('b')[0]!])
      bench.take('b')
      bench.advance(2)
      assert.equal(bench.state('b').takers, 0, 'nobody waits for long where the next batch is ahead')
    }
  })
})

describe('queue: order', () => {
  it('starts each peer on its own share, so that cut halves work on different MicroJobs', () => {
    const peers = ['a', 'b', 'c', 'd']
    const bench = createQueueBench(peers, { n: 200 })
    const side = (peer: string) => (peer < 'c' ? 0 : 1)
    bench.advance(100)
    bench.lose = (_, from, to) => side(from) !== side(to)
    const done: Set<number>[] = [new Set(), new Set()]
    const log = (peer: string, slot: number) => {
      done[side(peer)]!.add(itemOf(slot))
      for (const other of peers) if (side(other) === side(peer)) bench.event(other, { type: 'recorded', slots: [slot], by: peer })
    }
    for (const peer of peers) bench.take(peer)
    for (let step = 0; step < 1_000 && done[0]!.size + done[1]!.size < 180; step++) {
      bench.advance(100)
      for (const peer of peers) {
        const [slot] = bench.working(peer)
        if (slot === undefined) continue
        bench.working(peer).shift()
        log(peer, slot)
        bench.take(peer)
      }
    }
    assert.ok(done[0]!.size > 50 && done[1]!.size > 50, 'both halves work')
    assert.deepEqual(
      [...done[0]!].filter((item) => done[1]!.has(item)),
      [],
    )
  })
})

describe('queue: records, reports and rounds', () => {
  it('believes a record whatever the queue says, and stops who works on it', () => {
    const bench = createQueueBench(['a', 'b'], { n: 1 })
    bench.take('a')
    bench.advance(10)
    bench.event('a', { type: 'recorded', slots: [0], by: 'b' })
    assert.deepEqual(statuses(bench.state('a')), ['done'])
    assert.deepEqual(bench.effects.find(({ effect }) => effect.type === 'lost')?.effect, { type: 'lost', slots: [0] })
  })

  it('does not believe a word for a record: the MicroJob opens again after a lease, and the liar is banned', () => {
    const bench = createQueueBench(['a', 'b'], { n: 1 })
    bench.take('b')
    bench.advance(10)
    bench.event('b', { type: 'recorded', slots: [0], by: 'b' })
    bench.advance(500)
    assert.equal(bench.state('a').items[0]!.status, 'reported')
    bench.advance(7_000)
    assert.equal(bench.state('a').items[0]!.status, 'open')
    assert.ok(bench.offences('a').includes('b:done-without-record'))
  })

  it('takes reports for records where it is told to', () => {
    const bench = createQueueBench(['a', 'b'], { n: 1, settings: { acceptReports: true } })
    bench.take('b')
    bench.advance(10)
    bench.event('b', { type: 'recorded', slots: [0], by: 'b' })
    bench.advance(500)
    assert.ok(bench.state('a').finished)
  })

  it('opens a new round of a MicroJob, in which nothing said of the old one counts', () => {
    const bench = createQueueBench(['a', 'b'], { n: 1 })
    bench.take('b')
    bench.advance(10)
    bench.finish('b', [0])
    const again = slotOf(0, 1)
    for (const peer of ['a', 'b']) bench.event(peer, { type: 'reopened', slots: [again] })
    for (const peer of ['a', 'b']) assert.deepEqual(statuses(bench.state(peer)), ['open'])
    assert.equal(bench.state('a').finished, false)
    bench.event('a', { type: 'recorded', slots: [0], by: 'b' })
    bench.event('a', { type: 'reopened', slots: [again] })
    assert.deepEqual(statuses(bench.state('a')), ['open'], 'a record of the first round, and the same news twice')
    bench.take('a')
    bench.advance(20)
    assert.deepEqual(bench.working('a'), [again])
    bench.finish('a', [again])
    assert.ok(bench.state('b').finished)
  })

  it('starts with what the log already knows', () => {
    const state = createQueueState({ self: 'a', macroId: 'm', n: 3, nowMs: 0, attempts: [slotOf(1, 2)], done: [0, slotOf(2, 1)] })
    assert.deepEqual(statuses(state), ['done', 'open', 'done'])
    assert.deepEqual(
      state.items.map(({ attempt }) => attempt),
      [0, 2, 1],
    )
  })
})

describe('queue: leaving', () => {
  it('gives back what it holds and hands over the queue', () => {
    const bench = createQueueBench(['a', 'b', 'c'], { n: 9 })
    bench.take('a', 2)
    bench.advance(10)
    bench.event('a', { type: 'leave' })
    for (const peer of ['b', 'c']) {
      assert.equal(bench.state(peer).openCount, 9)
      assert.notEqual(bench.state(peer).owner, 'a')
    }
    bench.stop('a')
    bench.take('b')
    bench.advance(20)
    assert.equal(bench.working('b').length, 1, 'nobody had to wait for a timeout')
  })

  it('gives back single MicroJobs, for good', () => {
    const bench = createQueueBench(['a', 'b'], { n: 2 })
    bench.take('a')
    bench.advance(10)
    const [slot] = bench.working('a')
    const grant = bench.sent.find(({ message }) => message.type === 'grant')!
    bench.event('a', { type: 'release', slots: [slot!] })
    assert.equal(bench.state('b').openCount, 2)
    bench.event('b', { type: 'message', from: 'a', message: grant.message })
    assert.equal(bench.state('b').openCount, 2, 'a late copy of the lock does not bring it back')
  })

  it('gives back what lies ready while nobody here asks', () => {
    const bench = createQueueBench(['a', 'b'], { n: 40, settings: { leaseMs: 1_000 } })
    bench.take('a')
    bench.take('b')
    for (let i = 0; i < 8; i++) {
      bench.advance(2)
      for (const slot of [...bench.working('b')]) bench.finish('b', [slot])
      bench.take('b')
    }
    for (const slot of [...bench.working('b')]) bench.finish('b', [slot])
    assert.ok(bench.state('b').ready.length > 0)
    bench.event('b', { type: 'untake' })
    bench.advance(2_500)
    assert.equal(bench.state('b').ready.length, 0)
  })
})
