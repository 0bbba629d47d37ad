import assert from 'node:assert/strict'
import { test } from 'node:test'
import { remainingMs } from '../../src/job/deadline.ts'
import { eventsBetween, summaryOf } from '../../src/job/events.ts'
import { hasEnded, progressOf } from '../../src/job/progress.ts'
import { JobWorld, peerName, plainInfo } from '../support/job-world.ts'

const DEADLINE = 1_900_000_000
const BEFORE = { unixMs: DEADLINE * 1000 - 1 }
const AFTER = { unixMs: DEADLINE * 1000 }

const world = (deadline: number | null) => new JobWorld({ ...plainInfo(2, 2, 2, peerName(16)), deadline }, [{}, {}])

test('a Job is over at its deadline, not a millisecond before, and never without one', () => {
  const { view, info } = world(DEADLINE)
  assert.deepEqual([remainingMs(info, BEFORE.unixMs), remainingMs(info, AFTER.unixMs), remainingMs(info, AFTER.unixMs + 5)], [1, 0, 0])
  assert.deepEqual([progressOf(view).state, progressOf(view, BEFORE).state, progressOf(view, AFTER).state], ['open', 'open', 'expired'])
  assert.ok(hasEnded(progressOf(view, AFTER)))
  assert.equal(progressOf(world(null).view, AFTER).state, 'open')
})

test('who watches hears that it has expired, once', () => {
  const { view } = world(DEADLINE)
  const [before, after] = [progressOf(view, BEFORE), progressOf(view, AFTER)]
  assert.deepEqual(eventsBetween(before, after), [{ type: 'job:finished', state: 'expired' }])
  assert.deepEqual(eventsBetween(after, after), [])
  assert.equal(summaryOf(after).state, 'expired')
})

test('what was agreed, reported or called off before its deadline stays so', () => {
  const job = world(DEADLINE)
  job.settle((macro) => macro % 2)
  assert.equal(progressOf(job.view, AFTER).state, 'finished')
  job.view.reports.length = 0
  job.view.version++
  assert.equal(progressOf(job.view, AFTER).state, 'agreed')
  const cancelled = world(DEADLINE)
  cancelled.write(cancelled.info.requester, { kind: 'cancel' })
  assert.equal(progressOf(cancelled.view, AFTER).state, 'cancelled')
})
