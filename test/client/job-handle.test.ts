import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ClientClosedError } from '../../src/client/errors.ts'
import type { JobHandle } from '../../src/client/job-handle.ts'
import { dutiesOf } from '../../src/job/duties.ts'
import { applyEscrowFacts, type EscrowFacts } from '../../src/job/escrow-facts.ts'
import type { JobEvent } from '../../src/job/events.ts'
import { hasEnded, PAYMENT_GRACE_MS, progressOf, REPORT_GRACE_MS, stateOfJob } from '../../src/job/progress.ts'
import { resultBytesOf } from '../../src/job/slice.ts'
import { touchAll } from '../../src/job/view.ts'
import type { Abortable } from '../../src/ports.ts'
import { JobClosedError, unfinishedOf } from '../../src/roles/errors.ts'
import { JobWorld, paidInfo, peerName, plainInfo } from '../support/job-world.ts'
import { agree, followed, outcomeOf } from './support.ts'

const requester = peerName(16)
const info = plainInfo(2, 2, 2, requester)

async function eventsOf(handle: JobHandle, options?: Abortable): Promise<JobEvent[]> {
  const events: JobEvent[] = []
  for await (const event of options === undefined ? handle : handle.events(options)) events.push(event)
  return events
}

describe('a Job that is agreed and has no report', () => {
  it('is finished for who has waited long enough, and goes on for who may write it; nothing else is finished by it', () => {
    const world = new JobWorld(info, [{}, {}])
    world.process((macro) => macro % 2)
    assert.equal(stateOfJob(world.view, { reportGraceOver: true }), 'open')
    agree(world)
    assert.deepEqual([stateOfJob(world.view), stateOfJob(world.view, { reportGraceOver: true })], ['agreed', 'finished'])
    // Nor does the deadline end it for a peer.
    assert.equal(stateOfJob(world.view, { unixMs: Number.MAX_SAFE_INTEGER }), 'agreed')
    assert.ok(hasEnded(progressOf(world.view, { reportGraceOver: true })))
    world.write(requester, { kind: 'cancel' })
    assert.equal(stateOfJob(world.view, { reportGraceOver: true }), 'finished')
  })

  it('and is a paid one, is finished only when it is paid as well', () => {
    const world = new JobWorld(paidInfo(info), [{}, {}, {}, {}])
    world.pays = false
    world.settle((macro) => macro % 2)
    assert.deepEqual([stateOfJob(world.view), stateOfJob(world.view, { reportGraceOver: true })], ['agreed', 'agreed'])
    world.pays = true
    agree(world)
    assert.deepEqual([stateOfJob(world.view), stateOfJob(world.view, { reportGraceOver: true })], ['agreed', 'finished'])
    world.view.escrow = { ...(world.view.escrow as EscrowFacts), state: 'refunded', settled: new Map() }
    world.view.version++
    assert.equal(stateOfJob(world.view, { reportGraceOver: true }), 'expired')
  })

  it('nor does a report that somebody writes before all is paid finish it', () => {
    const world = new JobWorld(paidInfo(info), [{}, {}, {}, {}])
    world.settle((macro) => macro % 2)
    assert.equal(stateOfJob(world.view), 'finished')
    const facts = world.view.escrow as EscrowFacts
    applyEscrowFacts(world.view, { ...facts, state: 'working', settled: new Map() })
    assert.equal(stateOfJob(world.view), 'agreed')
    applyEscrowFacts(world.view, facts)
    assert.equal(stateOfJob(world.view), 'finished')
  })

  it('and is a paid one that was not paid by the deadline, has expired, unless the last payment is read late', () => {
    const world = new JobWorld(paidInfo(info), [{}, {}, {}, {}])
    world.pays = false
    world.settle((macro) => macro % 2)
    const paid = unfinishedOf(progressOf(world.view))
    assert.deepEqual(
      [paid?.message, paid?.exitCode],
      ['expected a finished Job, found one with 4 of 4 MicroJobs agreed, not settled yet', 4],
    )
    assert.match(paid?.hint ?? '', /^`minga watch \w+` waits for it$/)
    const hear = (facts: Partial<EscrowFacts>) => applyEscrowFacts(world.view, { ...(world.view.escrow as EscrowFacts), ...facts })
    hear({ closing: true })
    assert.equal(stateOfJob(world.view), 'agreed')
    hear({ expired: true })
    assert.deepEqual([stateOfJob(world.view, { paymentGraceOver: false }), stateOfJob(world.view)], ['agreed', 'expired'])
    assert.ok(hasEnded(progressOf(world.view)))
    assert.equal(unfinishedOf(progressOf(world.view)), undefined)
    // Nobody leaves for it: the rest is still to be given back.
    assert.ok(dutiesOf(world.view, peerName(0)).some(({ kind }) => kind === 'refund'))
    hear({ settled: new Map([[0, 3n]]) })
    assert.deepEqual([stateOfJob(world.view), stateOfJob(world.view, { reportGraceOver: true })], ['agreed', 'finished'])
    assert.equal(unfinishedOf(progressOf(world.view)), undefined)
  })

  it('has expired for who waits for it when a payment of the last block had its time to be read', async () => {
    for (const isPaid of [false, true]) {
      const { world, handle, clock, tell } = followed(paidInfo(info))
      const events = eventsOf(handle)
      world.pays = false
      agree(world)
      const hear = (facts: Partial<EscrowFacts>) => {
        applyEscrowFacts(world.view, { ...(world.view.escrow as EscrowFacts), ...facts })
        tell()
      }
      hear({ expired: true })
      clock.pass(PAYMENT_GRACE_MS - 1)
      assert.equal(await outcomeOf(events), 'still waiting')
      if (isPaid) hear({ settled: new Map([[0, 3n]]) })
      clock.pass(1)
      if (isPaid) assert.equal(await outcomeOf(events), 'still waiting')
      clock.pass(REPORT_GRACE_MS)
      assert.deepEqual((await events).at(-1), { type: 'job:finished', state: isPaid ? 'agreed' : 'expired' })
      await handle.close()
    }
  })

  it('gives its client the result when nobody has written one in time', async () => {
    const { world, handle, clock, tell } = followed(info)
    const [events, result] = [eventsOf(handle), handle.result()]
    agree(world)
    tell()
    clock.pass(REPORT_GRACE_MS - 1)
    assert.deepEqual(await Promise.all([outcomeOf(events), outcomeOf(result)]), ['still waiting', 'still waiting'])
    clock.pass(1)
    assert.deepEqual((await events).at(-1), { type: 'job:finished', state: 'agreed' })
    const { bytes, report, reportProblem } = await result
    assert.deepEqual([bytes.length, report, reportProblem], [resultBytesOf(info.slicing), undefined, 'nobody wrote one'])
    assert.equal(handle.summary().state, 'agreed')
    await handle.close()
  })

  it('has its time anew where it was not agreed in between: records may go with an author who is convicted', async () => {
    const { world, handle, clock, tell } = followed(info)
    agree(world)
    tell()
    clock.pass(REPORT_GRACE_MS - 1)
    const reveals = new Map(world.view.reveals)
    const show = (shown: typeof reveals) => {
      world.view.reveals.clear()
      for (const [key, list] of shown) world.view.reveals.set(key, list)
      world.view.version++
      touchAll(world.view)
      tell()
    }
    show(new Map())
    assert.notEqual(handle.progress().state, 'agreed')
    show(reveals)
    clock.pass(1)
    assert.equal(handle.progress().state, 'agreed')
    clock.pass(REPORT_GRACE_MS)
    assert.equal((await handle.result()).reportProblem, 'nobody wrote one')
    await handle.close()
  })
})

describe('who waits on a Job', () => {
  for (const [what, closedError, close] of [
    ['its handle', JobClosedError, ({ handle }: ReturnType<typeof followed>) => handle.close()],
    ['its client', ClientClosedError, async ({ closing }: ReturnType<typeof followed>) => closing.abort(new ClientClosedError())],
  ] as const) {
    it(`hears that ${what} is closed, as does who asks afterwards`, async () => {
      const job = followed(info)
      const { handle } = job
      const { signal } = new AbortController()
      const ask = (): Promise<unknown>[] => [eventsOf(handle), eventsOf(handle, { signal }), handle.result(), handle.result({ signal })]
      const waiting = ask().map((promise) => assert.rejects(outcomeOf(promise), closedError))
      // Each of them waits by now.
      await new Promise(setImmediate)
      await close(job)
      await Promise.all(waiting)
      for (const promise of [...ask(), handle.cancel()]) await assert.rejects(outcomeOf(promise), closedError)
      // What is known is told all the same.
      assert.equal(handle.summary().state, 'running')
    })
  }

  it('is ended by its own signal alone', async () => {
    const { handle } = followed(info)
    const mine = new AbortController()
    const [ended, waits] = [handle.result({ signal: mine.signal }), handle.result()]
    const reason = new Error('mine')
    mine.abort(reason)
    await assert.rejects(outcomeOf(ended), reason)
    assert.equal(await outcomeOf(waits), 'still waiting')
    const rejected = assert.rejects(waits, JobClosedError)
    await handle.close()
    await rejected
  })
})
