import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chunkStates } from '../../src/job/agreement.ts'
import type { ChunkState } from '../../src/job/chunk-state.ts'
import { applyEscrowFacts, type EscrowFacts } from '../../src/job/escrow-facts.ts'
import { applyRecord } from '../../src/job/filing.ts'
import type { JobInfo } from '../../src/job/info.ts'
import { attemptKey, createJobView, type JobView } from '../../src/job/view.ts'
import { type Behaviour, JobWorld, paidInfo, plainInfo, walletOf } from '../support/job-world.ts'

const OUTSIDER = `12D3KooW${'Z'.repeat(44)}`
/** Three chunks of two MacroJobs. */
const info = paidInfo(plainInfo(6, 2, 2, OUTSIDER, 2))
const honest = (count: number): Behaviour[] => Array.from({ length: count }, () => ({}))

/** Chunks that `change` has folded anew: a state that was kept is the same object. */
function folded(view: JobView, info: JobInfo, change: () => void): number[] {
  const before = chunkStates(view, info)
  change()
  return chunkStates(view, info).flatMap((state, chunk) => (state === before[chunk] ? [] : [chunk]))
}

/** A chunk's state as it can be compared: two folds have functions of their own. */
function plain({ attempts, current, ...state }: ChunkState) {
  const plainAttempt = ({ pickOf, authorOf: _, ...attempt }: ChunkState['attempts'][number]) => {
    const picks = attempt.pending.flatMap((macro) => Array.from({ length: info.slicing.microJobs }, (_, micro) => pickOf(macro, micro)))
    return { ...attempt, picks }
  }
  return { ...state, attempts: attempts.map(plainAttempt), current: current?.attempt }
}

describe('what the chain says', () => {
  it('of a chunk has that chunk folded anew and no other; what it says of the Job as a whole, none', () => {
    const world = new JobWorld(info, honest(4))
    world.pays = false
    world.settle((macro) => macro % 2)
    const facts = world.facts()
    const after = (change: Partial<EscrowFacts>) =>
      folded(world.view, info, () => assert.ok(applyEscrowFacts(world.view, { ...world.facts(), ...change })))
    const attempt = facts.attempts.get(attemptKey(1, 0))!
    const attempts = new Map(facts.attempts).set(attemptKey(1, 0), { ...attempt, beacon: undefined })
    assert.deepEqual(after({ attempts }), [1])
    assert.deepEqual(after({ attempts: new Map(facts.attempts).set(attemptKey(1, 1), attempt) }), [1])
    assert.deepEqual(after({ settled: new Map([[2, 1n]]) }), [1, 2])
    assert.deepEqual(after({ closing: true }), [2])
    assert.deepEqual(after({ closing: true, expired: true }), [])
    assert.deepEqual(after({ state: 'cancelled' }), [])
    assert.deepEqual(after({ settled: new Map([0, 1, 2].map((chunk) => [chunk, 0n])) }), [])
  })

  it('of a wallet has all of them folded anew where it is trusted less or more, and none where its bond is only read', () => {
    const world = new JobWorld(info, honest(3))
    const wallet = walletOf(2).toLowerCase()
    const unread = new Map(world.facts().stakes)
    unread.delete(wallet)
    const says = (stakes: EscrowFacts['stakes']) =>
      folded(world.view, info, () => applyEscrowFacts(world.view, { ...world.facts(), stakes }))
    assert.deepEqual(says(unread), [])
    assert.deepEqual(says(new Map(unread).set(wallet, 'bonded')), [])
    assert.deepEqual(says(new Map(unread).set(wallet, 'leaving')), [0, 1, 2])
    assert.deepEqual(says(new Map(unread).set(wallet, 'gone')), [0, 1, 2])
    assert.deepEqual(says(unread), [0, 1, 2])
  })

  it('leaves nothing that a fold of the same records and facts from the start would not', () => {
    const cheat: Behaviour = { wrong: (macro) => macro === 4 }
    const world = new JobWorld(info, [...honest(3), cheat])
    const bonds = ['gone', 'bonded', 'leaving', 'bonded'] as const
    let facts = 0
    for (let round = 0; round < 40; round++) {
      world.process((macro, micro) => (macro + micro + round) % 4)
      if (world.step() + world.step({ late: true }) === 0) world.step({ stuck: true })
      if (round % 3 === 1) world.stake(2, bonds[facts++ % bonds.length]!)
      const fresh = createJobView(world.view.jobId)
      for (const { author, record } of world.log) applyRecord(fresh, author, record)
      applyEscrowFacts(fresh, world.facts())
      assert.deepEqual(chunkStates(world.view, info).map(plain), chunkStates(fresh, info).map(plain))
    }
    assert.ok(world.calls.some((call) => call.startsWith('settle')))
  })
})
