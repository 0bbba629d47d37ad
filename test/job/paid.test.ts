import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chunkStates } from '../../src/job/agreement.ts'
import { awaitsConviction, convictionDuties } from '../../src/job/conviction.ts'
import { dutiesOf } from '../../src/job/duties.ts'
import { applyEscrowFacts, type EscrowFacts, escrowAttempt } from '../../src/job/escrow-facts.ts'
import { applyRecord } from '../../src/job/filing.ts'
import type { JobInfo } from '../../src/job/info.ts'
import { budgetOf, escrowTermsOf, isPaid, MAX_CHUNKS, paymentProblems, sizeClassOf } from '../../src/job/payment.ts'
import { progressOf } from '../../src/job/progress.ts'
import { publicSignalsOf } from '../../src/job/settlement/public-signals.ts'
import { settle } from '../../src/job/settlement/settle.ts'
import { planSettlements } from '../../src/job/settlement-plan.ts'
import { MAX_MACRO_JOBS } from '../../src/job/slicing.ts'
import { byFinalizerRank } from '../../src/job/turns.ts'
import { createJobView, type JobView } from '../../src/job/view.ts'
import { type Behaviour, JobWorld, paidInfo, peerName, plainInfo } from '../support/job-world.ts'

const OUTSIDER = `12D3KooW${'Z'.repeat(44)}`
const info = (macroJobs = 2, microJobs = 3) => paidInfo(plainInfo(macroJobs, microJobs, 4, OUTSIDER))
const honest = (count: number): Behaviour[] => Array.from({ length: count }, () => ({}))

/** What the escrow would be told for everything that is agreed, as the proof's twin has it. */
function settlementsOf(world: JobWorld) {
  return chunkStates(world.view, world.info).flatMap(({ chunk, attempts, agreed }) =>
    attempts.flatMap(({ attempt }) => {
      const macros = [...agreed.values()].filter((verdict) => verdict.attempt === attempt).map(({ macro }) => macro)
      const plans = macros.length === 0 ? [] : planSettlements(world.view, world.info, chunk, attempt, macros)
      return plans.map((plan) => ({ plan, settlement: settle(sizeClassOf(world.info), plan.statement) }))
    }),
  )
}

describe('a paid Job', () => {
  it('goes by way of a root and a beacon on the chain, and is reported when it is settled', () => {
    const world = new JobWorld(info(), honest(4))
    world.settle((macro) => macro % 2)
    assert.deepEqual(world.calls, ['open', 'engage', 'root 0/0', 'beacon 0/0', 'settle 0/0 0,1'])
    assert.equal(progressOf(world.view).state, 'finished')
  })

  it('settles what the circuit proves: root and beacon of the escrow, its verdicts signed, each MicroJob paid once', () => {
    const world = new JobWorld(info(), honest(4))
    world.settle((macro, micro) => (macro + micro) % 2)
    const [{ plan, settlement }, ...more] = settlementsOf(world) as [ReturnType<typeof settlementsOf>[number]]
    assert.equal(more.length, 0)
    const { root, beacon } = escrowAttempt(world.view, 0, 0) as { root: bigint; beacon: bigint }
    assert.deepEqual([settlement.statement.root, settlement.statement.beacon], [root, beacon])
    assert.equal(plan.counted, 0b11n)
    assert.deepEqual(
      plan.validations.map(({ verdict }) => verdict),
      settlement.statement.macros.map(({ verdict }) => verdict),
    )
    const { payees } = settlement.statement
    assert.equal(
      payees.reduce((sum, { processed }) => sum + processed, 0),
      6,
    )
    assert.equal(
      payees.reduce((sum, { validated }) => sum + validated, 0),
      2,
    )
    const signals = publicSignalsOf(settlement, { chainId: 31337n, escrow: `0x${'e5'.repeat(20)}`, finisher: `0x${'11'.repeat(20)}` })
    assert.ok(signals.y > 0n)
  })

  it('whose processor cheats is settled without it, under a new root', () => {
    const cheat: Behaviour = { wrong: (macro, micro) => macro === 0 && micro === 1 }
    const world = new JobWorld(info(2, 3), [...honest(3), cheat])
    const isFirst = new Set<string>()
    world.settle((macro, micro) => {
      if (macro !== 0 || micro !== 1 || isFirst.has('done')) return macro % 2
      isFirst.add('done')
      return 3
    })
    assert.equal(progressOf(world.view).state, 'finished')
    assert.deepEqual(
      progressOf(world.view).culprits.map(({ peer }) => peer),
      [peerName(3)],
    )
    const calls = world.calls.filter((call) => !call.startsWith('convict'))
    assert.deepEqual(calls.slice(0, 6), ['open', 'engage', 'root 0/0', 'beacon 0/0', 'root 0/1', 'beacon 0/1'])
    const settled = calls.slice(6).flatMap((call) => (/^settle \S+ (.*)$/.exec(call)?.[1] ?? '').split(','))
    assert.deepEqual(settled.sort(), ['0', '1'])
    const wallets = settlementsOf(world).flatMap(({ settlement }) => settlement.statement.payees.map(({ wallet }) => wallet))
    assert.ok(!wallets.includes(BigInt(world.view.peers.get(peerName(3))?.wallet as string)))
  })

  it('ends with two peers of whom both processed everywhere', () => {
    const world = new JobWorld(info(), honest(2))
    world.settle((_macro, micro) => micro % 2)
    assert.equal(progressOf(world.view).state, 'finished')
    for (const { settlement } of settlementsOf(world)) assert.ok(settlement.c > 0n)
  })

  it('ends with three of whom one died and the others processed everywhere: who may not validate confirms what the other says of its own work', () => {
    const world = new JobWorld(info(), [...honest(2), { dead: true }])
    world.settle((_macro, micro) => micro % 2)
    assert.equal(progressOf(world.view).state, 'finished')
    assert.equal(chunkStates(world.view, world.info)[0]?.attempts.length, 1)
  })

  it('is not settled by one peer alone: the escrow wants another’s word', () => {
    const world = new JobWorld(paidInfo(plainInfo(1, 2, 2, OUTSIDER), 1), honest(1))
    assert.throws(() => world.settle(() => 0, 40), /does not settle/)
    assert.ok(!world.calls.some((call) => call.startsWith('settle')))
  })

  it('waits for the chain without a vote that it is stuck', () => {
    const world = new JobWorld(info(), honest(3))
    world.chainAnswers = false
    assert.doesNotThrow(() => world.settle(() => 0))
    assert.deepEqual(world.calls, ['open', 'engage'])
    assert.equal(world.log.filter(({ record }) => record.kind === 'reopen').length, 0)
    world.chainAnswers = true
    world.settle(() => 0)
    assert.deepEqual(world.calls, ['open', 'engage', 'root 0/0', 'beacon 0/0', 'settle 0/0 0,1'])
  })

  it('without whose worker’s endorsement nothing comes on the chain does without that worker', () => {
    const world = new JobWorld(info(2, 3), [...honest(3), { keepsNonce: true }])
    const given = new Set<number>()
    world.settle((macro) => {
      if (given.has(macro)) return 0
      given.add(macro)
      return 3
    })
    assert.equal(progressOf(world.view).state, 'finished')
  })
})

/** Identities that joined, and have nothing at stake. */
function join(world: JobWorld, count: number) {
  for (let index = 0; index < count; index++) {
    const wallet = `0x${index.toString(16).padStart(40, 'e')}`
    world.write(`12D3KooW${String(index).padStart(44, 'S')}`, { kind: 'peer', wallet, certificate: new Uint8Array(1), fingerprint: null })
    world.stakeOfWallet(wallet, 'gone')
  }
}

describe('the end of a paid Job', () => {
  it('is held up by nobody without a bond: neither the engagement nor the refund waits for one', () => {
    const world = new JobWorld(info(1, 2), honest(2))
    join(world, 200)
    const before = (kind: string) =>
      world.peers.flatMap(({ name }) =>
        dutiesOf(world.view, name)
          .filter((duty) => duty.kind === kind)
          .map((duty) => duty.before),
      )
    world.process(() => 0)
    assert.deepEqual(
      before('engage')
        .map(({ length }) => length)
        .sort(),
      [0, 1],
    )
    world.time = { closing: true, expired: true }
    world.look()
    assert.deepEqual(
      before('refund')
        .map(({ length }) => length)
        .sort(),
      [0, 1],
    )
  })

  it('is settled by everybody when it is near, whoever would have the first word', () => {
    const world = new JobWorld(info(), honest(4))
    world.pays = false
    world.settle((macro) => macro % 2)
    const before = () =>
      world.peers.flatMap(({ name }) =>
        dutiesOf(world.view, name)
          .filter(({ kind }) => kind === 'settle')
          .map((duty) => duty.before.length),
      )
    assert.deepEqual(before().sort(), [0, 1, 2, 3])
    world.time = { closing: true, expired: false }
    world.look()
    assert.deepEqual(before(), [0, 0, 0, 0])
  })

  it('waits for nobody that says it cannot prove, and who has got its circuits since comes last', () => {
    const world = new JobWorld(info(4), [...honest(2), { blind: true }, { blind: true }, { blind: true }])
    world.pays = false
    world.settle((macro) => macro)
    const [first, second] = byFinalizerRank(world.view.jobId, [peerName(0), peerName(1)]) as [string, string]
    const before = (name: string) => dutiesOf(world.view, name).find(({ kind }) => kind === 'settle')?.before
    assert.deepEqual([before(first), before(second)], [[], [first]])
    for (const index of [2, 3, 4]) assert.deepEqual(before(peerName(index)), [first, second])
  })

  it('has what is agreed settled when it is near, though the rest of its chunk is still open', () => {
    const world = new JobWorld(info(3), honest(4))
    const hides = world.peers[2] as (typeof world.peers)[number]
    hides.behaviour = { hides: true }
    world.process((macro) => macro)
    for (let step = 0; step < 20; step++) world.step({ late: true })
    const [{ agreed, current } = assert.fail()] = chunkStates(world.view, world.info)
    assert.deepEqual([[...agreed.keys()], current?.attempt], [[0, 1], 0])
    const settled = () => world.calls.filter((call) => call.startsWith('settle'))
    assert.deepEqual(settled(), [])
    world.time = { closing: true, expired: false }
    world.look()
    world.step()
    assert.deepEqual(settled(), ['settle 0/0 0,1'])
    world.time = { closing: true, expired: true }
    world.look()
    world.step()
    assert.equal(world.calls.at(-1), 'refund')
  })

  it('comes without a gift: near it nothing is drawn and no result opened, and after it nothing is written any more', () => {
    const world = new JobWorld(info(), honest(4))
    world.process((macro) => macro % 2)
    while (!world.calls.some((call) => call.startsWith('beacon'))) world.step()
    const validations = () => world.log.filter(({ record }) => record.kind === 'commit' && record.challenge !== null).length
    const begun = validations()
    world.time = { closing: true, expired: false }
    world.look()
    for (let step = 0; step < 10; step++) world.step({ late: true })
    const reveals = () => world.log.filter(({ record }) => record.kind === 'reveal').length
    assert.equal(reveals(), 0)
    assert.equal(validations(), begun, 'nobody runs what is not opened')
    const soon = new JobWorld(info(), honest(4))
    soon.process((macro) => macro % 2)
    soon.time = { closing: true, expired: false }
    soon.look()
    for (let step = 0; step < 10; step++) soon.step({ late: true, stuck: step > 5 })
    assert.deepEqual(soon.calls, ['open', 'engage'])
    const late = new JobWorld(info(), honest(4))
    late.process((macro) => macro % 2)
    late.time = { closing: true, expired: true }
    late.look()
    const { length } = late.log
    for (let step = 0; step < 10; step++) late.step({ late: true })
    assert.deepEqual([late.log.length, late.calls], [length, ['open', 'refund']])
  })
})

describe('what is paid', () => {
  it('stays agreed, though a validator that was drawn first opens its lie when all is over', () => {
    const world = new JobWorld(info(8, 2), [...honest(4), { accuses: true, hides: true }])
    world.settle((macro) => macro % 3)
    assert.equal(progressOf(world.view).state, 'finished')
    const liar = world.peers[4] as (typeof world.peers)[number]
    const lies = world.log.flatMap(({ author, record }) => (author === liar.name && record.kind === 'commit' ? [record] : []))
    assert.ok(lies.length > 0, 'it was drawn first somewhere')
    liar.behaviour = { accuses: true }
    for (const { macro, micro, attempt } of lies) world.perform(liar.name, { id: '', before: [], kind: 'reveal', macro, micro, attempt })
    assert.equal(progressOf(world.view).state, 'finished')
    assert.deepEqual(progressOf(world.view).microJobs.agreed, 16)
  })
})

describe('a conviction', () => {
  it('waits for those alone who have sworn, and hears no word without a bond', () => {
    const cheat: Behaviour = { wrong: isFirstBlock }
    const world = new JobWorld(info(2, 3), [...honest(4), cheat])
    join(world, 300)
    let given = false
    world.settle((macro, micro) => {
      if (given || !isFirstBlock(macro, micro)) return macro % 2
      given = true
      return 4
    })
    const convictions = world.peers.flatMap(({ name }) =>
      convictionDuties(world.view, world.info, name).filter(({ kind }) => kind === 'convict'),
    )
    assert.ok(convictions.length > 0)
    for (const { before } of convictions) assert.ok(before.length <= 4, `${before.length} peers come before`)
  })

  const isFirstBlock = (macro: number, micro: number) => macro === 0 && micro === 1

  it('of a processor takes the words of three who ran its block', () => {
    const cheat: Behaviour = { wrong: isFirstBlock }
    const world = new JobWorld(info(2, 3), [...honest(4), cheat])
    let given = false
    world.settle((macro, micro) => {
      if (given || !isFirstBlock(macro, micro)) return macro % 2
      given = true
      return 4
    })
    assert.equal(world.calls.filter((call) => call === `convict ${peerName(4)}`).length, 1)
    const sworn = world.log.filter(({ record }) => record.kind === 'testimony').map(({ author }) => author)
    assert.ok(new Set(sworn).size >= 3 && !sworn.includes(peerName(4)))
    assert.equal(progressOf(world.view).state, 'finished')
  })

  it('of a validator that called a right result wrong, too', () => {
    const accuser: Behaviour = { accuses: true }
    const world = new JobWorld(info(4, 2), [...honest(4), accuser])
    world.settle((macro) => macro % 2)
    const culprits = progressOf(world.view).culprits.map(({ peer }) => peer)
    assert.deepEqual([...new Set(culprits)], [peerName(4)])
    assert.ok(world.calls.includes(`convict ${peerName(4)}`))
  })

  it('is asked of nobody where results may differ within a tolerance: hashes prove nothing there', () => {
    const tolerant = { ...info(2, 3), verification: { mode: 'tolerance', absolute: 1, relative: 0 } } as const
    const world = new JobWorld(tolerant, [...honest(4), { wrong: isFirstBlock }])
    let given = false
    world.settle((macro, micro) => {
      if (given || !isFirstBlock(macro, micro)) return macro % 2
      given = true
      return 4
    })
    assert.ok(!world.log.some(({ record }) => record.kind === 'testimony'))
    for (const { name } of world.peers) assert.ok(!awaitsConviction(world.view, world.info, name))
  })

  it('waits for nobody where too few ran the block', () => {
    const world = new JobWorld(info(2, 3), [...honest(2), { wrong: isFirstBlock }])
    let given = false
    world.settle((macro, micro) => {
      if (given || !isFirstBlock(macro, micro)) return 0
      given = true
      return 2
    })
    assert.ok(!world.calls.some((call) => call.startsWith('convict')))
    assert.equal(progressOf(world.view).state, 'finished')
    for (const { name } of world.peers) assert.ok(!awaitsConviction(world.view, world.info, name))
  })

  it('is awaited, whatever has become of the Job, by those who ran the block and by whoever may send it, until it is through', () => {
    const world = new JobWorld(info(2, 3), [...honest(5), { wrong: isFirstBlock }])
    let given = false
    world.settle((macro, micro) => {
      if (given || !isFirstBlock(macro, micro)) return macro % 2
      given = true
      return 5
    })
    assert.equal(progressOf(world.view).state, 'finished')
    const sworn = [...new Set(world.log.flatMap(({ author, record }) => (record.kind === 'testimony' ? [author] : [])))]
    const names = world.peers.map(({ name }) => name)
    const culprit = peerName(5)
    const awaiting = (view: JobView, done?: ReadonlySet<string>) => names.filter((name) => awaitsConviction(view, world.info, name, done))
    assert.equal(sworn.length, 3)
    assert.deepEqual(
      awaiting(world.view),
      names.filter((name) => name !== culprit),
    )
    assert.deepEqual(awaiting(world.view, world.convicted), [])

    // With one word missing only those wait whose words count: nobody else has anything to send.
    const lacking = createJobView(world.view.jobId)
    for (const { author, record } of world.log) {
      if (record.kind !== 'testimony' || author !== sworn[0]) applyRecord(lacking, author, record)
    }
    applyEscrowFacts(lacking, world.view.escrow as EscrowFacts)
    assert.deepEqual(
      awaiting(lacking),
      names.filter((name) => sworn.includes(name)),
    )
  })

  it('is not to be escaped by leaving commits unsigned: they count for nothing', () => {
    const world = new JobWorld(info(1, 2), [...honest(3), { unsigned: true }])
    world.commit(3, 0, 0, 0)
    assert.deepEqual(chunkStates(world.view, world.info)[0]?.current?.open.get(0), [0, 1])
  })
})

describe('payment', () => {
  it('names all that keeps an escrow from paying such a Job', () => {
    const unpayable: JobInfo = { ...info(), wallet: null, deadline: null, unitPriceWei: '0' }
    assert.deepEqual(
      paymentProblems(unpayable).map(({ path }) => path),
      ['wallet', 'deadline', 'unitPriceWei'],
    )
    const large = paidInfo(plainInfo(2, 17, 17, OUTSIDER))
    assert.deepEqual(
      paymentProblems(large).map(({ path }) => path),
      ['slicing.blocks', 'slicing'],
    )
  })

  it('is of so many chunks at most, since each is read from the chain for itself; every MacroJob that a Job can have fits into them', () => {
    const pathsOf = (macroJobs: number, chunkMacroJobs: number) =>
      paymentProblems(paidInfo(plainInfo(macroJobs, 1, 1, OUTSIDER, chunkMacroJobs))).map(({ path }) => path)
    assert.deepEqual(pathsOf(MAX_CHUNKS, 1), [])
    assert.deepEqual(pathsOf(MAX_CHUNKS + 1, 1), ['slicing.chunkMacroJobs'])
    assert.deepEqual(pathsOf(MAX_MACRO_JOBS, 16), [])
  })

  it('gives the escrow’s terms and the whole price', () => {
    const paid = info()
    if (!isPaid(paid)) throw new TypeError('expected a paid Job')
    assert.equal(budgetOf(paid), 2n * (3n * 100n + 7n + 3n))
    const terms = escrowTermsOf(paid, 'ab'.repeat(31))
    assert.deepEqual([terms.sizeClass, terms.macroJobs, terms.chunkMacroJobs, terms.microJobs, terms.blocks], [0, 2, 2, 3, 4])
  })
})
