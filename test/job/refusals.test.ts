import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chunkState } from '../../src/job/chunk.ts'
import { dutiesOf } from '../../src/job/duties.ts'
import { applyEscrowFacts } from '../../src/job/escrow-facts.ts'
import { applyRecord } from '../../src/job/filing.ts'
import { chooseMacroJob } from '../../src/job/macro-choice.ts'
import { progressOf } from '../../src/job/progress.ts'
import { reportOf } from '../../src/job/report.ts'
import { createJobView } from '../../src/job/view.ts'
import { type Behaviour, JobWorld, paidInfo, peerName, plainInfo } from '../support/job-world.ts'

const OUTSIDER = `12D3KooW${'Z'.repeat(44)}`
const info = (macroJobs = 2, microJobs = 3) => paidInfo(plainInfo(macroJobs, microJobs, 4, OUTSIDER))
const honest = (count: number): Behaviour[] => Array.from({ length: count }, () => ({}))
const stateOf = (world: JobWorld) => chunkState(world.view, world.info, 0)

/** A Job that is agreed and not paid yet, and who validated its first MacroJob. */
function agreedJob(peers = 4, macroJobs = 2) {
  const world = new JobWorld(info(macroJobs), honest(peers))
  world.pays = false
  world.settle((macro) => macro % 2)
  const { validator } = stateOf(world).agreed.get(0) as { validator: string }
  const judged = [...stateOf(world).agreed.values()].filter((agreed) => agreed.validator === validator).map(({ macro }) => macro)
  const index = world.peers.findIndex(({ name }) => name === validator)
  return { world, validator, judged, index }
}

const refuse = (world: JobWorld, author: number, culprit: string, attempt = 0) =>
  world.write(peerName(author), { kind: 'refusal', chunk: 0, attempt, culprit })

describe('a peer without a bond', () => {
  it('that was never bonded is picked by no proposal and sits on no bench; others do its work again, in the same attempt', () => {
    const world = new JobWorld(info(), honest(4))
    world.stake(3, 'gone')
    for (const micro of [0, 1, 2]) world.commit(3, 0, micro, 0)
    assert.deepEqual(stateOf(world).current?.open.get(0), [0, 1, 2])
    world.settle((macro) => macro % 2)
    const { agreed, attempts, culprits } = stateOf(world)
    assert.equal(attempts.length, 1)
    assert.deepEqual(culprits, [])
    const { members, authors } = attempts[0]?.draw?.record ?? { members: [], authors: [] }
    assert.ok(![...members, ...authors].includes(peerName(3)))
    assert.ok(
      [...agreed.values()].every(
        ({ validator, microJobs }) => ![validator, ...microJobs.map(({ author }) => author)].includes(peerName(3)),
      ),
    )
    assert.deepEqual(world.calls, ['open', 'engage', 'root 0/0', 'beacon 0/0', 'settle 0/0 0,1'])
  })

  it('takes no work, and is none of those for whom a MacroJob is left to judge', () => {
    const world = new JobWorld(info(1), honest(3))
    const choose = (self: number) => {
      const alive = new Set(world.peers.map(({ name }) => name))
      return chooseMacroJob(world.view, world.info, { self: peerName(self), alive, active: new Map(), maxProcessors: 10 })
    }
    world.commit(1, 0, 0, 0)
    assert.ok(choose(0) !== undefined)
    world.stake(2, 'gone')
    assert.equal(choose(0), undefined, 'it is the last that can judge')
    assert.equal(choose(2), undefined, 'it has no bond')
    assert.ok(choose(1) !== undefined)
  })

  it('has its proposal endorsed by nobody, and its endorsement counts for nothing', () => {
    const world = new JobWorld(info(1), honest(3))
    world.process(() => 0)
    for (const { name } of world.peers) {
      const duty = dutiesOf(world.view, name).find(({ kind }) => kind === 'propose')
      if (duty?.kind === 'propose') world.write(name, duty.record)
    }
    assert.ok(dutiesOf(world.view, peerName(0)).some(({ kind }) => kind === 'endorse'))
    world.stake(2, 'gone')
    assert.ok(!dutiesOf(world.view, peerName(0)).some(({ kind }) => kind === 'endorse'))
    world.stake(2, 'leaving')
    world.chainAnswers = false
    world.step()
    assert.deepEqual(
      stateOf(world)
        .current?.proposals[0]?.endorsers.map(({ peer }) => peer)
        .sort(),
      [peerName(0), peerName(1)],
    )
  })

  it('may be anybody of whom the chain was not asked yet: nobody proposes its work before', () => {
    const world = new JobWorld(info(1), honest(3))
    world.process(() => 2)
    const { stakes, ...facts } = world.facts()
    const known = new Map([...stakes].filter(([wallet]) => wallet !== world.view.peers.get(peerName(2))?.wallet.toLowerCase()))
    applyEscrowFacts(world.view, { ...facts, stakes: known })
    const proposes = (name: string) => dutiesOf(world.view, name).some(({ kind }) => kind === 'propose')
    assert.ok(!world.peers.some(({ name }) => proposes(name)))
    applyEscrowFacts(world.view, world.facts())
    assert.ok(world.peers.some(({ name }) => proposes(name)))
  })

  it('brings no Job into doubt by its complaint, however many there are', () => {
    const world = new JobWorld(info(1), honest(5))
    const complain = (index: number) => world.write(peerName(index), { kind: 'complaint', reason: 'crash', macro: 0, micro: 0 })
    for (const index of [2, 3, 4]) world.stake(index, 'gone')
    for (const index of [2, 3, 4]) complain(index)
    const found = () => [progressOf(world.view).state, progressOf(world.view).doubt]
    assert.deepEqual(found(), ['open', undefined])
    for (const index of [0, 1]) complain(index)
    assert.deepEqual(found(), ['open', 'crash'])
  })

  it('has no vote on whether an attempt is stuck', () => {
    const world = new JobWorld(info(1), [...honest(2), {}, {}, {}])
    for (const index of [2, 3, 4]) world.stake(index, 'gone')
    for (const micro of [0, 1, 2]) for (const index of [0, 2, 3, 4]) world.commit(index, 0, micro, 0)
    for (const index of [2, 3, 4]) world.write(peerName(index), { kind: 'reopen', chunk: 0, attempt: 0, items: [] })
    assert.equal(stateOf(world).current?.attempt, 0)
  })
})

describe('a validator that loses its bond before the settlement', () => {
  it('is the culprit: its MacroJobs are judged by another and settled in a further attempt, the others as they were', () => {
    const { world, validator, judged, index } = agreedJob()
    world.stake(index, 'gone')
    for (const { name } of world.peers)
      for (const duty of dutiesOf(world.view, name)) if (duty.kind === 'settle') assert.ok(duty.macros.length > 0)
    world.pays = true
    world.settle((macro) => macro % 2)
    const { agreed, attempts, culprits } = stateOf(world)
    assert.equal(progressOf(world.view).state, 'finished')
    assert.equal(attempts.length, 2)
    assert.deepEqual(
      culprits,
      judged.map((macro) => ({ peer: validator, macro, micro: 3, block: 0, attempt: 0, reason: 'no-stake' as const })),
    )
    for (const macro of judged) {
      assert.equal(agreed.get(macro)?.attempt, 1)
      assert.notEqual(agreed.get(macro)?.validator, validator)
    }
    const settled = world.calls.flatMap((call) => /^settle (\S+) (.*)$/.exec(call)?.slice(1) ?? [])
    assert.deepEqual(
      settled
        .filter((_, place) => place % 2 === 1)
        .flatMap((macros) => macros.split(','))
        .sort(),
      ['0', '1'],
    )
    assert.ok(!world.calls.some((call) => call.startsWith('refused') || call.startsWith('convict')))
    assert.equal(
      reportOf(world.view, world.info, peerName(0), { processingMs: 0, verificationMs: 0, totalMs: 0 })?.culprits[0]?.reason,
      'no-stake',
    )
  })

  it('stays refused where its bond comes back: what half of the members have said is said', () => {
    const { world, validator, index } = agreedJob()
    world.stake(index, 'gone')
    while (world.step() > 0 && stateOf(world).attempts.length < 2);
    world.stake(index, 'bonded')
    assert.equal(stateOf(world).culprits[0]?.peer, validator)
    world.pays = true
    world.settle((macro) => macro % 2)
    assert.equal(progressOf(world.view).state, 'finished')
    assert.equal(stateOf(world).attempts.length, 2)
  })

  it('changes nothing of what is paid', () => {
    const { world, validator, index } = agreedJob()
    world.pays = true
    world.settle((macro) => macro % 2)
    const before = stateOf(world).agreed.get(0)
    world.stake(index, 'gone')
    for (const author of [0, 1, 2, 3]) if (author !== index) refuse(world, author, validator)
    assert.deepEqual(stateOf(world).agreed.get(0), before)
    assert.deepEqual(stateOf(world).culprits, [])
    assert.equal(progressOf(world.view).state, 'finished')
  })

  it('is refused by less than half of those with a bond in vain, and by itself and by strangers, too', () => {
    const { world, validator, index } = agreedJob(5)
    const others = [0, 1, 2, 3, 4].filter((peer) => peer !== index)
    refuse(world, others[0] as number, validator)
    refuse(world, others[1] as number, validator)
    refuse(world, index, validator)
    world.write(OUTSIDER, { kind: 'refusal', chunk: 0, attempt: 0, culprit: validator })
    assert.deepEqual(stateOf(world).culprits, [], 'two of five, while the chain trusts it')
    refuse(world, others[2] as number, validator)
    assert.equal(stateOf(world).culprits[0]?.peer, validator)
  })

  it('opens nothing of what was done before: its MacroJobs need a root, not work', () => {
    const { world, index } = agreedJob()
    world.stake(index, 'gone')
    while (world.step() > 0 && stateOf(world).attempts.length < 2);
    assert.deepEqual([...(stateOf(world).current?.open.values() ?? [])].flat(), [])
  })

  it('with each of its successors takes an attempt, and no more', () => {
    const { world } = agreedJob(8, 1)
    for (let round = 0; round < 3; round++) {
      const { validator } = stateOf(world).agreed.get(0) as { validator: string }
      world.stake(
        world.peers.findIndex(({ name }) => name === validator),
        'gone',
      )
      world.settle(() => 0)
    }
    world.pays = true
    world.settle(() => 0)
    assert.equal(stateOf(world).attempts.length, 4)
    assert.equal(progressOf(world.view).state, 'finished')
  })
})

describe('what peers make of the chain', () => {
  it('is the same whenever they heard of it: records and facts in any order', () => {
    const { world, index } = agreedJob()
    world.stake(index, 'gone')
    world.pays = true
    world.settle((macro) => macro % 2)
    const late = createJobView(world.view.jobId)
    for (const { author, record } of world.log.toReversed()) applyRecord(late, author, record)
    chunkState(late, world.info, 0)
    applyEscrowFacts(late, world.facts())
    const [mine, theirs] = [stateOf(world), chunkState(late, world.info, 0)]
    assert.deepEqual(theirs.agreed, mine.agreed)
    assert.deepEqual(theirs.culprits, mine.culprits)
  })

  it('ends an attempt that the chain has gone past: it takes no root for it any more', () => {
    const world = new JobWorld(info(1), honest(3))
    world.process(() => 0)
    const { attempts, ...facts } = world.facts()
    const later = new Map([...attempts, ['0/1', { root: 1n, proposal: `0x${'ab'.repeat(32)}`, beacon: undefined }]] as const)
    applyEscrowFacts(world.view, { ...facts, attempts: later })
    assert.equal(stateOf(world).current?.attempt, 1)
  })
})
