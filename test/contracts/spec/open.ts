import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import type { Wallet } from 'ethers'
import { commitRoot, committedJob, DAY, openJob, rootArguments, settle, termsOf } from '../support/jobs.ts'
import { permitOf } from '../support/permit.ts'
import {
  BUDGET,
  balanceOf,
  createWorld,
  ethers,
  eventsOf,
  FIELD,
  mine,
  nowSeconds,
  pass,
  RULES,
  reverts,
  SUPPLY,
  type World,
} from '../support/world.ts'

let world: World
let requester: Wallet
let peers: Wallet[]
const at = () => world.escrow.getAddress()
const creditOf = (wallet: Wallet) => world.view('creditOf', wallet.address)

/** Files share one process, where a hook outside of `describe` runs before the tests of all. */
async function setUp() {
  world = await createWorld()
  ;({ requester, peers } = world)
}

describe('open', () => {
  beforeEach(setUp)

  it('holds the whole budget and tells the terms', async () => {
    const terms = await termsOf()
    const before = await world.view('owed')
    const [event] = eventsOf(world, await world.send(requester, 'open', terms))
    assert.equal(event!.name, 'JobOpened')
    assert.equal(event!.args.requester, requester.address)
    assert.equal(event!.args.infoHash, terms.infoHash)
    assert.equal(event!.args.budget, BUDGET)
    assert.equal(event!.args.terms.minBond, terms.minBond)
    const job = await world.view('job', event!.args.jobId)
    assert.deepEqual([job.requester, job.held, job.state], [requester.address, BUDGET, 1n])
    assert.equal((await world.view('owed')) - before, BUDGET)
    assert.equal(await balanceOf(world, await at()), await world.view('owed'))
  })

  it('gives an id of its own to each requester', async () => {
    const { jobId, terms } = await openJob(world)
    assert.ok(jobId < 1n << 248n)
    await world.send(peers[0]!, 'open', terms)
    assert.notEqual(await world.view('jobIdOf', peers[0]!.address, terms.infoHash), jobId)
  })

  it('needs only a permit', async () => {
    await allow(0n)
    await world.send(requester, 'openWithPermit', await termsOf(), await permitOf(world, requester, BUDGET))
    assert.equal(await balanceOf(world, await at()), await world.view('owed'))
  })

  it('opens all the same', async () => {
    await allow(0n)
    const permit = await permitOf(world, requester, BUDGET)
    const { deadline, v, r, s } = permit
    const sent = await world.token.connect(peers[0]!).getFunction('permit')(requester.address, await at(), BUDGET, deadline, v, r, s)
    await sent.wait()
    await world.send(requester, 'openWithPermit', await termsOf(), permit)
  })

  it('is refused for want of an allowance', async () => {
    await allow(0n)
    const permit = await permitOf(world, peers[0]!, BUDGET)
    await reverts(world, world.send(requester, 'openWithPermit', await termsOf(), permit), 'ERC20InsufficientAllowance')
  })

  it('refuses a seed commitment that is no field element', async () => {
    for (const seedCommitment of [0n, FIELD, 2n ** 256n - 1n]) await refused({ seedCommitment }, 'NotAFieldElement', seedCommitment)
  })

  it('refuses an unknown size class', () => refused({ sizeClass: 2 }, 'UnknownSizeClass', 2n, 2n))

  it('refuses a shape that the circuit has no room for', async () => {
    const none = [{ macroJobs: 0 }, { chunkMacroJobs: 0 }, { microJobs: 0 }, { blocks: 0 }]
    const tooMany = [{ chunkMacroJobs: 5 }, { microJobs: 5, minBond: 5000n }, { blocks: 17 }]
    for (const shape of [...none, ...tooMany]) await refused(shape, 'WrongShape')
  })

  it('refuses a quorum of none or of too many', async () => {
    await refused({ quorum: 0 }, 'WrongQuorum', 0n, 16n)
    await refused({ quorum: 17 }, 'WrongQuorum', 17n, 16n)
  })

  it('refuses a MicroJob for nothing', () => refused({ unitPrice: 0n }, 'PriceIsZero'))

  it('refuses a deadline that is over, or too far', async () => {
    const now = await nowSeconds()
    await refused({ deadline: now }, 'WrongDeadline')
    await refused({ deadline: now + RULES.maxDuration + DAY }, 'WrongDeadline')
  })

  it('refuses a bond that does not deter', async () => {
    // A quarter of it is lost, and must be more than three MicroJobs bring.
    await refused({ minBond: 1200n }, 'BondTooSmall', 1200n, 1201n)
    await world.send(requester, 'open', await termsOf({ minBond: 1201n }))
    await refused({ microJobs: 1, minBond: 999n }, 'BondTooSmall', 999n, 1000n)
  })

  it('is refused, also after a cancel', async () => {
    const { jobId, terms } = await openJob(world)
    await reverts(world, world.send(requester, 'open', terms), 'JobExists', jobId)
    await world.send(requester, 'cancel', jobId)
    await reverts(world, world.send(requester, 'open', terms), 'JobExists', jobId)
  })

  it('is refused with what arrived', async () => {
    world = await createWorld({ tokenName: 'FeeToken', bonded: false })
    await reverts(world, world.send(world.requester, 'open', await termsOf()), 'ShortTransfer', BUDGET, BUDGET - BUDGET / 100n)
  })

  async function refused(changes: Parameters<typeof termsOf>[0], error: string, ...args: unknown[]) {
    await reverts(world, world.send(requester, 'open', await termsOf(changes)), error, ...args)
  }

  async function allow(amount: bigint) {
    await (await world.token.connect(requester).getFunction('approve')(await at(), amount)).wait()
  }
})

describe('cancel', () => {
  beforeEach(setUp)

  it('credits the requester with everything', async () => {
    const { jobId } = await openJob(world)
    const [event] = eventsOf(world, await world.send(requester, 'cancel', jobId))
    assert.deepEqual([event!.name, event!.args.refunded], ['JobCancelled', BUDGET])
    assert.equal(await creditOf(requester), BUDGET)
    const before = await balanceOf(world, requester.address)
    await world.send(requester, 'withdraw')
    assert.equal((await balanceOf(world, requester.address)) - before, BUDGET)
    await reverts(world, world.send(requester, 'cancel', jobId), 'WrongState', jobId, 4n)
  })

  it('refuses others', async () => {
    const { jobId } = await openJob(world)
    await reverts(world, world.send(peers[0]!, 'cancel', jobId), 'NotTheRequester', requester.address, peers[0]!.address)
  })

  it('comes too late', async () => {
    const { jobId } = await openJob(world)
    await world.send(peers[0]!, 'engage', jobId)
    await reverts(world, world.send(requester, 'cancel', jobId), 'WrongState', jobId, 2n)
    const second = await openJob(world)
    await commitRoot(world, second)
    await reverts(world, world.send(requester, 'cancel', second.jobId), 'WrongState', second.jobId, 2n)
  })

  it('either order conserves the money', async () => {
    for (const other of ['engage', 'commitRoot']) {
      for (const first of ['cancel', other]) {
        const { jobId } = await openJob(world)
        const args = other === 'engage' ? [jobId] : await rootArguments(world, { jobId })
        const credited = await creditOf(requester)
        const outcomes = await inOneBlock(
          first === 'cancel'
            ? [() => raw(requester, 'cancel', jobId), () => raw(peers[0]!, other, ...args)]
            : [() => raw(peers[0]!, other, ...args), () => raw(requester, 'cancel', jobId)],
        )
        assert.deepEqual(outcomes, [1, 0], `${other}, ${first} first`)
        const { held } = await world.view('job', jobId)
        assert.equal(held + (await creditOf(requester)) - credited, BUDGET)
        assert.equal(await balanceOf(world, await at()), await world.view('owed'))
      }
    }
  })

  /** Sends without an estimate, which would see the other's effect. */
  async function raw(from: Wallet, method: string, ...args: unknown[]) {
    return world.escrow.connect(from).getFunction(method)(...args, { gasLimit: 500_000 })
  }

  async function inOneBlock(sends: (() => Promise<{ hash: string }>)[]) {
    await ethers.provider.send('evm_setAutomine', [false])
    try {
      const sent: { hash: string }[] = []
      // Hardhat sorts by fee, and then by arrival.
      for (const send of sends) sent.push(await send())
      await mine()
      const receipts = await Promise.all(sent.map(({ hash }) => ethers.provider.getTransactionReceipt(hash)))
      assert.equal(new Set(receipts.map((receipt) => receipt!.blockNumber)).size, 1)
      return receipts.map((receipt) => receipt!.status)
    } finally {
      await ethers.provider.send('evm_setAutomine', [true])
    }
  }
})

describe('engage', () => {
  beforeEach(setUp)

  it('takes a bonded wallet', async () => {
    const { jobId } = await openJob(world)
    const [event] = eventsOf(world, await world.send(peers[3]!, 'engage', jobId))
    assert.deepEqual([event!.name, event!.args.wallet], ['JobEngaged', peers[3]!.address])
    await reverts(world, world.send(peers[2]!, 'engage', jobId), 'WrongState', jobId, 2n)
  })

  it('refuses who has no bond, or has asked it back', async () => {
    const { jobId } = await openJob(world)
    await reverts(world, world.send(world.stranger, 'engage', jobId), 'NotBonded', world.stranger.address, 0n, 1600n)
    await world.send(peers[0]!, 'requestUnbond', 500n)
    await reverts(world, world.send(peers[0]!, 'engage', jobId), 'NotBonded', peers[0]!.address, 1500n, 1600n)
  })

  it('refuses once the deadline is over', async () => {
    const { jobId } = await openJob(world)
    await pass(DAY + 1)
    await reverts(world, world.send(peers[0]!, 'engage', jobId), 'DeadlinePassed')
  })

  it('refuses a Job that nobody opened', () => reverts(world, world.send(peers[0]!, 'engage', 3n), 'WrongState', 3n, 0n))
})

describe('refund', () => {
  beforeEach(setUp)

  it('credits the requester with what is left, whoever calls', async () => {
    const { jobId } = await openJob(world)
    await pass(DAY + 1)
    const [event] = eventsOf(world, await world.send(world.stranger, 'refund', jobId))
    assert.deepEqual([event!.name, event!.args.refunded], ['JobRefunded', BUDGET])
    assert.equal(await creditOf(requester), BUDGET)
  })

  it('keeps what was settled paid', async () => {
    const jobId = await committedJob(world)
    await settle(world, peers[2]!, { jobId, counted: [1] })
    await pass(DAY + 1)
    await world.send(world.stranger, 'refund', jobId)
    assert.equal(await creditOf(requester), (BUDGET * 3n) / 4n)
    assert.equal(await creditOf(peers[0]!), 200n)
  })

  it('refuses, for the requester too', async () => {
    const { jobId, terms } = await openJob(world)
    await reverts(world, world.send(requester, 'refund', jobId), 'DeadlineAhead', BigInt(terms.deadline))
  })

  it('refuses a second time', async () => {
    const settled = await committedJob(world)
    await settle(world, peers[2]!, { jobId: settled })
    const { jobId: cancelled } = await openJob(world)
    await world.send(requester, 'cancel', cancelled)
    const { jobId: refunded } = await openJob(world)
    await pass(DAY + 1)
    await world.send(requester, 'refund', refunded)
    for (const [jobId, state] of [
      [settled, 3n],
      [cancelled, 4n],
      [refunded, 5n],
    ] as const) {
      await reverts(world, world.send(requester, 'refund', jobId), 'WrongState', jobId, state)
    }
    assert.ok((await balanceOf(world, requester.address)) < SUPPLY)
  })
})
