import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  branchOf,
  createQueueState,
  judgeQueueMessage,
  MAX_HELD,
  MAX_HISTORY,
  MAX_MEMBERS,
  type QueueEvent,
  type QueueMessage,
  type QueueState,
  queueTag,
  reduceQueue,
} from '../../src/job/queue.ts'
import { createQueueBench } from '../support/queue-bench.ts'

const N = 6
const MACRO = 'fuzzed'
const strangers = Array.from({ length: 80 }, (_, index) => `stranger${index}`)
const peer = fc.constantFrom('me', 'a', 'b', ...strangers)
/** Mostly right, sometimes wrong: what is always wrong is refused at the door. */
const slot = fc.oneof({ weight: 8, arbitrary: fc.nat(N - 1) }, { weight: 1, arbitrary: fc.nat(2 ** 20 - 1) })
const slots = (maxLength: number) => fc.array(slot, { maxLength })
const epoch = fc.oneof({ weight: 6, arbitrary: fc.nat(12) }, { weight: 1, arbitrary: fc.nat(2 ** 31) })
const branch = fc.constantFrom(branchOf(MACRO, 1, 'me'), branchOf(MACRO, 2, 'a'), 0)
const base = {
  queue: fc.oneof({ weight: 9, arbitrary: fc.constant(queueTag(MACRO)) }, { weight: 1, arbitrary: fc.nat() }),
  n: fc.oneof({ weight: 9, arbitrary: fc.constant(N) }, { weight: 1, arbitrary: fc.nat(4096) }),
  epoch,
  done: slots(8),
}
const snapshot = fc.record({
  epoch,
  seq: fc.nat(9),
  owner: peer,
  branch,
  attempts: slots(3),
  done: fc.uint8Array({ minLength: 1, maxLength: 1 }),
  holders: fc.array(peer, { maxLength: 4 }),
  locks: fc.array(fc.record({ holder: fc.nat(4), epoch, seq: fc.nat(9), leftMs: fc.nat(90_000), slots: slots(4) }), { maxLength: 4 }),
})
const message = fc.oneof(
  fc.record({ type: fc.constant('request' as const), ...base, want: fc.integer({ min: 1, max: 32 }) }),
  fc.record({
    type: fc.constant('grant' as const),
    ...base,
    seq: fc.nat(9),
    branch,
    leaseMs: fc.integer({ min: 1, max: 90_000 }),
    grants: fc.array(fc.record({ to: peer, slots: slots(4) }), { minLength: 1, maxLength: 4 }),
    leaving: fc.boolean(),
  }),
  fc.record({ type: fc.constant('claim' as const), ...base, snapshot }),
  fc.record({
    type: fc.constant('beat' as const),
    ...base,
    seq: fc.nat(9),
    branch,
    owner: fc.boolean(),
    count: fc.nat(50),
    holding: slots(8),
    released: slots(8),
    leaving: fc.boolean(),
  }),
  fc.record({ type: fc.constant('snapshot-wanted' as const), ...base, peer }),
  fc.record({ type: fc.constant('snapshot' as const), ...base, snapshot }),
) as fc.Arbitrary<QueueMessage>

type Unclocked<E> = E extends unknown ? Omit<E, 'nowMs'> : never
const event = fc.oneof(
  { weight: 8, arbitrary: fc.record({ type: fc.constant('message' as const), from: peer, message }) },
  { weight: 4, arbitrary: fc.constant({ type: 'tick' as const }) },
  { weight: 2, arbitrary: fc.constant({ type: 'take' as const }) },
  { weight: 1, arbitrary: fc.constant({ type: 'untake' as const }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('recorded' as const), slots: slots(2), by: peer }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('reopened' as const), slots: slots(2) }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('peer' as const), peer, change: fc.constantFrom('joined' as const, 'left' as const) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('snapshot' as const), from: peer, snapshot }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('release' as const), slots: slots(3) }) },
) as fc.Arbitrary<Unclocked<QueueEvent>>

const steps = fc.array(fc.record({ event, waitMs: fc.oneof(fc.nat(60), fc.nat(3_000)) }), { maxLength: 120 })
const start = () => createQueueState({ self: 'me', macroId: MACRO, n: N, nowMs: 0, creator: true, members: ['a', 'b'] })

function checkStep(before: QueueState, after: QueueState, { type }: { type: string }): void {
  assert.ok(after.epoch >= before.epoch, 'the epoch never decreases')
  before.items.forEach((item, index) => {
    if (item.status === 'done' && after.items[index]!.status !== 'done') assert.equal(type, 'reopened')
  })
  assert.equal(after.items.length, N)
  assert.equal(after.openCount, after.items.filter(({ status }) => status === 'open').length)
  assert.ok(after.members.size < MAX_MEMBERS && after.pending.length <= MAX_MEMBERS && after.history.length <= MAX_HISTORY)
  assert.ok(after.ready.length + after.started.length <= MAX_HELD)
  assert.ok(
    after.items.every(({ deadlineMs }) => deadlineMs <= after.nowMs + after.settings.leaseMs),
    'no lock is for ever',
  )
}

describe('queue: whatever strangers send', () => {
  it('nothing throws, grows, goes back or undoes a record', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        let state = start()
        let nowMs = 0
        for (const step of sequence) {
          nowMs += step.waitMs
          const { state: after } = reduceQueue(state, { ...step.event, nowMs } as QueueEvent)
          checkStep(state, after, step.event)
          state = after
        }
      }),
      { numRuns: 400 },
    )
  })

  it('a message that is rejected changes nothing but the blame', () => {
    fc.assert(
      fc.property(message, peer, (each, from) => {
        const state = start()
        const { verdict } = judgeQueueMessage(state, each, from)
        const { state: after, effects } = reduceQueue(state, { type: 'message', from, message: each, nowMs: 0 })
        if (verdict === 'accept') return
        assert.deepEqual({ ...after, nowMs: 0 }, { ...state, nowMs: 0 })
        assert.deepEqual(
          effects.map(({ type }) => type),
          verdict === 'reject' ? ['score'] : [],
        )
      }),
      { numRuns: 1_000 },
    )
  })

  it('a message heard twice is a message heard once', () => {
    fc.assert(
      fc.property(steps, message, peer, (sequence, each, from) => {
        let state = start()
        let nowMs = 0
        for (const step of sequence.slice(0, 20)) {
          nowMs += step.waitMs
          state = reduceQueue(state, { ...step.event, nowMs } as QueueEvent).state
        }
        const once = reduceQueue(state, { type: 'message', from, message: each, nowMs }).state
        const twice = reduceQueue(once, { type: 'message', from, message: each, nowMs }).state
        const what = ({ epoch, seq, owner, items, pending, started, ready }: QueueState) => ({
          epoch,
          seq,
          owner,
          items,
          pending,
          started,
          ready,
        })
        assert.deepEqual(what(twice), what(once))
      }),
      { numRuns: 400 },
    )
  })

  it('honest peers come to an end among liars', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ from: fc.constantFrom(...strangers.slice(0, 5)), message }), { maxLength: 60 }), (lies) => {
        const bench = createQueueBench(['a', 'b', 'c'], { n: N, macroId: MACRO })
        const isDone = () => ['a', 'b', 'c'].every((each) => bench.state(each).finished)
        for (const each of ['a', 'b', 'c']) bench.take(each)
        let lie = 0
        for (let step = 0; step < 3_000 && !isDone(); step++) {
          const next = lies[lie++]
          if (next !== undefined) for (const to of ['a', 'b', 'c']) bench.event(to, { type: 'message', ...next })
          bench.advance(20)
          for (const each of ['a', 'b', 'c']) {
            const [slot] = bench.working(each)
            if (slot !== undefined) bench.finish(each, [slot])
            if (bench.state(each).takers === 0 && bench.working(each).length === 0 && !bench.state(each).finished) bench.take(each)
          }
        }
        assert.ok(isDone(), ['a', 'b', 'c'].map((each) => `${bench.state(each).owner} ${bench.state(each).doneCount}`).join(', '))
      }),
      { numRuns: 60 },
    )
  })
})
