import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import type { Wallet } from 'ethers'
import { commitRoot, committedJob, DAY, defaultPayees, openJob, type SettlementInit, settle, settlementOf } from '../support/jobs.ts'
import {
  BUDGET,
  balanceOf,
  createWorld,
  deployWorld,
  ethers,
  eventsOf,
  FIELD,
  mine,
  pass,
  reverts,
  UNBOND_DELAY,
  type World,
} from '../support/world.ts'

let world: World
let peers: Wallet[]
let finisher: Wallet
let jobId: bigint
const at = () => world.escrow.getAddress()
const creditOf = ({ address }: { address: string }) => world.view('creditOf', address)

/** Files share one process, where a hook outside of `describe` runs before the tests of all. */
async function setUp() {
  world = await createWorld()
  peers = world.peers
  finisher = peers[2]!
  jobId = await committedJob(world)
}

/** A settlement of `jobId` by the finisher, with changes before the proof is made. */
const settlement = (changes: Partial<SettlementInit> = {}) => settlementOf(world, { jobId, finisher: finisher.address, ...changes })

async function refused(brought: unknown, error: string, ...args: unknown[]) {
  await reverts(world, world.send(finisher, 'settle', jobId, 0, 0, brought), error, ...args)
}

describe('settle', () => {
  beforeEach(setUp)

  it('credits processors, validator and finisher to the last unit', async () => {
    const owed = await world.view('owed')
    await settle(world, finisher, { jobId })
    assert.equal(await creditOf(peers[0]!), 800n)
    assert.equal(await creditOf(peers[1]!), 800n)
    assert.equal(await creditOf(peers[5]!), 120n)
    assert.equal(await creditOf(finisher), 28n)
    assert.equal(800n + 800n + 120n + 28n, BUDGET)
    const job = await world.view('job', jobId)
    assert.deepEqual([job.held, job.state], [0n, 3n])
    assert.equal(await world.view('owed'), owed)
    assert.equal(await balanceOf(world, await at()), owed)
  })

  it('tells an indexer everything', async () => {
    const events = eventsOf(world, await settle(world, finisher, { jobId, counted: [1, 3] }))
    assert.equal(events.length, 1)
    const { args } = events[0]!
    assert.deepEqual([args.jobId, args.chunk, args.finisher, args.attempt], [jobId, 0n, finisher.address, 0n])
    assert.deepEqual([args.counted, args.settled, args.verdicts.toArray()], [10n, 10n, [1001n, 1003n]])
    assert.deepEqual(args.payees.toArray()[0].toArray(), [peers[0]!.address, 4n])
    const last = eventsOf(world, await settle(world, finisher, { jobId, counted: [0, 2] }))
    assert.deepEqual([last[0]!.args.settled, last[1]!.name], [15n, 'JobSettled'])
  })

  it('pins the beacon by itself', async () => {
    const { jobId: fresh } = await openJob(world)
    await commitRoot(world, { jobId: fresh })
    const [event] = eventsOf(world, await settle(world, finisher, { jobId: fresh }))
    assert.equal(event!.name, 'BeaconPinned')
  })

  it('can be the finisher that also worked', async () => {
    await settle(world, peers[0]!, { jobId })
    assert.equal(await creditOf(peers[0]!), 828n)
  })

  it('pays a finisher nothing where nothing was promised', async () => {
    const { jobId: unpaid } = await openJob(world, { finisherPrice: 0n })
    await commitRoot(world, { jobId: unpaid })
    await settle(world, finisher, { jobId: unpaid })
    assert.equal(await creditOf(finisher), 0n)
    assert.equal((await world.view('job', unpaid)).state, 3n)
  })

  it('settles a chunk in several calls', async () => {
    for (const macro of [2, 0, 3, 1]) await settle(world, finisher, { jobId, counted: [macro] })
    assert.equal((await world.view('job', jobId)).held, 0n)
    assert.equal(await creditOf(peers[0]!), 800n)
  })

  it('holds what is not counted for another attempt', async () => {
    await settle(world, finisher, { jobId, counted: [0, 1, 2] })
    assert.equal((await world.view('job', jobId)).held, BUDGET / 4n)
    assert.equal(await creditOf(world.requester), 0n)
    await commitRoot(world, { jobId, attempt: 1, root: 88n })
    await settle(world, finisher, { jobId, attempt: 1, counted: [3] })
    assert.equal((await world.view('job', jobId)).state, 3n)
    assert.equal(await world.view('settledMacroJobs', jobId, 0), 15n)
  })

  it('settles a last chunk that is not full', async () => {
    const { jobId: six } = await openJob(world, { macroJobs: 6 })
    await commitRoot(world, { jobId: six, chunk: 1 })
    const brought = await settlementOf(world, { jobId: six, chunk: 1, counted: [0, 1], finisher: finisher.address })
    await reverts(world, world.send(finisher, 'settle', six, 1, 0, { ...brought, counted: 6n }), 'MacroJobsUnknown', 6n, 2n)
    await world.send(finisher, 'settle', six, 1, 0, brought)
    assert.equal(await creditOf(peers[5]!), 60n)
  })

  it('is worth nothing to a copier (front-run)', async () => {
    const brought = await settlement()
    await reverts(world, world.send(peers[3]!, 'settle', jobId, 0, 0, brought), 'InvalidProof')
    await world.send(finisher, 'settle', jobId, 0, 0, brought)
  })

  it('is worth nothing for another Job', async () => {
    const other = await committedJob(world)
    const brought = await settlement()
    // Its validator's signature is about this Job: there it is somebody's without a bond.
    await assert.rejects(world.send(finisher, 'settle', other, 0, 0, brought))
    const signedAnew = await settlementOf(world, { jobId: other, finisher: finisher.address })
    await reverts(world, world.send(finisher, 'settle', other, 0, 0, { ...signedAnew, proof: brought.proof }), 'InvalidProof')
  })

  it('is worth nothing on another chain or escrow', async () => {
    await refused(await settlement({ chainId: 1n }), 'InvalidProof')
    await refused(await settlement({ escrow: world.stranger.address }), 'InvalidProof')
    const elsewhere = await deployWorld({})
    assert.notEqual(
      await elsewhere.view('jobIdOf', world.requester.address, ethers.id('x')),
      await world.view('jobIdOf', world.requester.address, ethers.id('x')),
    )
  })

  it('is worth nothing in another attempt', async () => {
    const brought = await settlement()
    await commitRoot(world, { jobId, attempt: 1 })
    await assert.rejects(world.send(finisher, 'settle', jobId, 0, 1, brought))
    const again = await settlement({ attempt: 1 })
    await reverts(world, world.send(finisher, 'settle', jobId, 0, 1, { ...again, proof: brought.proof }), 'InvalidProof')
  })

  it('refuses another payee', async () => {
    const brought = await settlement()
    const payees = brought.payees.map((payee, i) => (i === 0 ? { ...payee, wallet: peers[4]!.address } : payee))
    await refused({ ...brought, payees }, 'InvalidProof')
  })

  it('refuses another count', async () => {
    const brought = await settlement()
    const [first, second, ...rest] = brought.payees
    const payees = [{ ...first!, count: first!.count + 1n }, { ...second!, count: second!.count - 1n }, ...rest]
    await refused({ ...brought, payees }, 'InvalidProof')
  })

  it('refuses another verdict', async () => {
    const brought = await settlement()
    const other = await settlement({ verdict: (macro) => 2000n + BigInt(macro) })
    await refused({ ...brought, validations: other.validations }, 'InvalidProof')
    await refused(await settlement({ verdict: () => 0n }), 'VerdictIsZero', 0n)
  })

  it('refuses values that are no field elements', async () => {
    await refused(await settlement({ verdict: () => FIELD }), 'NotAFieldElement', FIELD)
    await refused(await settlement({ commitment: FIELD + 1n }), 'NotAFieldElement', FIELD + 1n)
  })

  it('counts none twice', async () => {
    await settle(world, finisher, { jobId, counted: [0, 1] })
    await refused(await settlement({ counted: [1, 2] }), 'MacroJobsSettledBefore', 2n)
    await commitRoot(world, { jobId, attempt: 1, root: 88n })
    const again = await settlement({ attempt: 1, counted: [0] })
    await reverts(world, world.send(finisher, 'settle', jobId, 0, 1, again), 'MacroJobsSettledBefore', 1n)
  })

  it('counts none from outside the chunk', async () => {
    const brought = await settlement()
    await refused({ ...brought, counted: 31n }, 'MacroJobsUnknown', 31n, 4n)
    await refused({ ...brought, counted: 1n << 255n }, 'MacroJobsUnknown', 1n << 255n, 4n)
  })

  it('refuses to count nothing', async () => refused({ ...(await settlement()), counted: 0n }, 'NothingCounted', jobId, 0n))

  it('refuses another number of verdicts', async () => {
    const brought = await settlement()
    await refused({ ...brought, validations: brought.validations.slice(0, 3) }, 'WrongLength', 4n, 3n)
    await refused({ ...brought, validations: [...brought.validations, brought.validations[0]] }, 'WrongLength', 4n, 5n)
  })

  it('refuses the zero address and the escrow itself', async () => {
    for (const wallet of [ethers.ZeroAddress, await at()]) {
      const payees = [{ wallet, processed: 16, validated: 4 }]
      await refused(await settlement({ payees }), 'BadPayee', wallet)
    }
  })

  it('refuses more than the circuit has', async () => {
    const brought = await settlement()
    await refused({ ...brought, payees: new Array(9).fill(brought.payees[0]) }, 'TooManyPayees', 9n, 8n)
  })

  it('refuses units that nobody ordered, though proved', async () => {
    const wallet = peers[0]!.address
    for (const [processed, validated] of [
      [17, 4],
      [15, 4],
      [16, 5],
      [16, 3],
    ] as const) {
      await refused(await settlement({ payees: [{ wallet, processed, validated }] }), 'UnitsDiffer', BigInt(processed), BigInt(validated))
    }
  })

  it('refuses one without a bond', async () => {
    await refused(await settlement({ validator: world.stranger }), 'NotBonded', world.stranger.address, 0n, 1600n)
  })

  it('takes one that has asked its bond back since', async () => {
    const brought = await settlement()
    await world.send(peers[5]!, 'requestUnbond', 2000n)
    await world.send(finisher, 'settle', jobId, 0, 0, brought)
  })

  it('refuses one that can take its bond out before the deadline', async () => {
    await world.send(peers[5]!, 'requestUnbond', 2000n)
    await pass(UNBOND_DELAY - DAY + 3600)
    const late = await committedJob(world)
    const { deadline } = await world.view('job', late)
    assert.ok((await world.view('stakeOf', peers[5]!.address)).releaseAt < deadline)
    const brought = await settlementOf(world, { jobId: late, finisher: finisher.address })
    await reverts(world, world.send(finisher, 'settle', late, 0, 0, brought), 'NotBonded', peers[5]!.address, 0n, 1600n)
    await pass(DAY / 2)
    await reverts(world, world.send(finisher, 'settle', late, 0, 0, brought), 'NotBonded', peers[5]!.address, 0n, 1600n)
  })

  it('refuses to settle what was refunded', async () => {
    const brought = await settlement()
    await pass(DAY + 1)
    await reverts(world, world.send(finisher, 'settle', jobId, 0, 0, brought), 'DeadlinePassed')
    await world.send(world.stranger, 'refund', jobId)
    await refused(brought, 'WrongState', jobId, 5n)
    assert.equal(await creditOf(world.requester), BUDGET)
  })

  it('refuses what has no root', async () => {
    const brought = await settlement()
    await reverts(world, world.send(finisher, 'settle', jobId, 0, 1, brought), 'NoRoot', 0n, 1n)
    await reverts(world, world.send(finisher, 'settle', jobId, 1, 0, brought), 'NoSuchChunk', 1n, 1n)
  })

  it('pays the first alone', async () => {
    const mine_ = await settlement()
    const theirs = await settlementOf(world, { jobId, finisher: peers[3]!.address })
    await ethers.provider.send('evm_setAutomine', [false])
    const hashes: string[] = []
    for (const [from, brought] of [
      [finisher, mine_],
      [peers[3]!, theirs],
    ] as const) {
      const sent = await world.escrow.connect(from).getFunction('settle')(jobId, 0, 0, brought, { gasLimit: 900_000 })
      hashes.push(sent.hash)
    }
    await mine()
    await ethers.provider.send('evm_setAutomine', [true])
    const receipts = await Promise.all(hashes.map((hash) => ethers.provider.getTransactionReceipt(hash)))
    assert.deepEqual(
      receipts.map((receipt) => receipt!.status),
      [1, 0],
    )
    assert.equal(await creditOf(peers[3]!), 0n)
    assert.equal(await creditOf(peers[0]!), 800n)
  })

  it('costs as much as with one', async () => {
    const gasOf = async (id: bigint) => (await settle(world, finisher, { jobId: id, payees: defaultPayees(world, 4) })).gasUsed
    // Credits exist after the first, so the second and the last compare.
    await gasOf(jobId)
    const few = await gasOf(await committedJob(world))
    for (let i = 0; i < 100; i++) await openJob(world)
    const many = await gasOf(await committedJob(world))
    assert.ok(many <= few + 200n && few <= many + 200n, `${few} and ${many} gas`)
  })
})
