/** How a paid Job ends: with its escrow, and with nobody's word. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { dutiesOf } from '../../src/job/duties.ts'
import { applyEscrowFacts, type EscrowFacts } from '../../src/job/escrow-facts.ts'
import { applyRecord } from '../../src/job/filing.ts'
import { progressOf } from '../../src/job/progress.ts'
import { MAX_ATTEMPTS } from '../../src/job/records.ts'
import { createJobView } from '../../src/job/view.ts'
import { JobWorld, paidInfo, peerName, plainInfo } from '../support/job-world.ts'

const REQUESTER = `12D3KooW${'Z'.repeat(44)}`
const complaint = { kind: 'complaint', reason: 'limits', macro: 0, micro: 0 } as const

const paidWorld = (peers: number) =>
  new JobWorld(
    paidInfo(plainInfo(2, 3, 4, REQUESTER)),
    Array.from({ length: peers }, () => ({})),
  )

/** The chain says so now. */
function hear({ view }: JobWorld, facts: Partial<EscrowFacts>) {
  applyEscrowFacts(view, { ...(view.escrow as EscrowFacts), ...facts })
}

describe('the requester of a paid Job', () => {
  it('does not take the work back by a record after it was done: all of it is settled', () => {
    const world = paidWorld(4)
    world.process((macro) => macro % 2)
    world.step()
    assert.equal(world.view.escrow?.state, 'working')
    world.write(REQUESTER, { kind: 'cancel' })
    assert.equal(progressOf(world.view).state, 'open')
    world.settle((macro) => macro % 2)
    assert.equal(progressOf(world.view).state, 'finished')
    assert.deepEqual(
      world.calls.filter((call) => call.startsWith('settle')),
      ['settle 0/0 0,1'],
    )
  })

  it('nor after all of it was agreed, and only its settlement is left', () => {
    const world = paidWorld(4)
    world.settle((macro) => macro % 2)
    const view = createJobView(world.view.jobId)
    for (const { author, record } of world.log) if (record.kind !== 'report') applyRecord(view, author, record)
    applyRecord(view, REQUESTER, { kind: 'cancel' })
    applyEscrowFacts(view, { ...(world.view.escrow as EscrowFacts), settled: new Map() })
    assert.equal(progressOf(view).state, 'agreed')
    assert.ok(dutiesOf(view, peerName(0)).some(({ kind }) => kind === 'settle'))
  })

  it('takes it back where its escrow says so, without a word in the log', () => {
    const world = paidWorld(2)
    hear(world, { state: 'cancelled' })
    assert.equal(progressOf(world.view).state, 'cancelled')
    assert.deepEqual(dutiesOf(world.view, peerName(0)), [])
  })

  it('has back at the deadline what was not paid, and the Job has expired, not been cancelled', () => {
    const world = paidWorld(2)
    world.process(() => 0)
    hear(world, { expired: true })
    assert.ok(dutiesOf(world.view, peerName(0)).some(({ kind }) => kind === 'refund'))
    hear(world, { state: 'refunded' })
    assert.equal(progressOf(world.view).state, 'expired')
    assert.deepEqual(dutiesOf(world.view, peerName(0)), [])
  })
})

describe('a paid Job that half of its peers complain of', () => {
  it('is done and settled by the others', () => {
    const world = paidWorld(4)
    for (const index of [2, 3]) {
      world.write(peerName(index), complaint)
      world.peers[index]!.behaviour.dead = true
    }
    const { state, failure, doubt } = progressOf(world.view)
    assert.deepEqual([state, failure, doubt], ['open', undefined, 'limits'])
    world.settle((macro) => macro % 2)
    assert.equal(progressOf(world.view).state, 'finished')
    assert.ok(world.calls.includes('settle 0/0 0,1'))
  })

  it('is refunded at the deadline by those that complained, where nobody can do it', () => {
    const world = paidWorld(2)
    for (const index of [0, 1]) world.write(peerName(index), complaint)
    assert.equal(progressOf(world.view).state, 'open')
    hear(world, { expired: true })
    world.step()
    assert.equal(world.calls.at(-1), 'refund')
  })
})

it('a paid Job that has used up its attempts is failed, and refunded at the deadline', () => {
  const world = paidWorld(3)
  world.process((macro) => macro % 2)
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    for (const index of [0, 1, 2]) world.write(peerName(index), { kind: 'reopen', chunk: 0, attempt, items: [] })
  }
  assert.equal(progressOf(world.view).state, 'failed')
  hear(world, { expired: true })
  world.step()
  assert.equal(world.calls.at(-1), 'refund')
})
