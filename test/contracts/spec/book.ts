import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import type { Wallet } from 'ethers'
import { committedJob, DAY, openJob, settle, termsOf } from '../support/jobs.ts'
import { permitOf } from '../support/permit.ts'
import { balanceOf, createWorld, eventsOf, nowSeconds, pass, reverts, UNBOND_DELAY, type World } from '../support/world.ts'

let world: World
let peer: Wallet
const at = () => world.escrow.getAddress()

/** Files share one process, where a hook outside of `describe` runs before the tests of all. */
async function setUp() {
  world = await createWorld()
  peer = world.peers[0]!
}

describe('bond', () => {
  beforeEach(setUp)

  it('stakes what the wallet allows', async () => {
    const [event] = eventsOf(world, await world.send(peer, 'bond', 5n))
    assert.deepEqual([event!.name, event!.args.amount], ['Bonded', 5n])
    assert.deepEqual((await world.view('stakeOf', peer.address)).toArray(), [2005n, 0n, 0n])
    assert.equal(await balanceOf(world, await at()), await world.view('owed'))
  })

  it('needs only a permit for a bond', async () => {
    await (await world.token.connect(peer).getFunction('approve')(await at(), 0n)).wait()
    const permit = await permitOf(world, peer, 9n)
    await world.send(peer, 'bondWithPermit', 9n, permit)
    await reverts(world, world.send(peer, 'bondWithPermit', 9n, permit), 'ERC20InsufficientAllowance')
  })

  it('refuses nothing', () => reverts(world, world.send(peer, 'bond', 0n), 'AmountIsZero', peer.address))

  it('refuses a token that keeps a fee', async () => {
    world = await createWorld({ tokenName: 'FeeToken', bonded: false })
    await reverts(world, world.send(world.peers[0]!, 'bond', 1000n), 'ShortTransfer', 1000n, 990n)
  })
})

describe('requestUnbond', () => {
  beforeEach(setUp)

  it('no longer counts as a bond', async () => {
    const [event] = eventsOf(world, await world.send(peer, 'requestUnbond', 1500n))
    const releaseAt = BigInt((await nowSeconds()) + UNBOND_DELAY)
    assert.deepEqual(event!.args.toArray(), [peer.address, 1500n, releaseAt])
    assert.deepEqual((await world.view('stakeOf', peer.address)).toArray(), [500n, 1500n, releaseAt])
    const { jobId } = await openJob(world)
    await reverts(world, world.send(peer, 'engage', jobId), 'NotBonded', peer.address, 500n, 1600n)
  })

  it('refuses more than is bonded, and nothing', async () => {
    await reverts(world, world.send(peer, 'requestUnbond', 2001n), 'NotBonded', peer.address, 2000n, 2001n)
    await reverts(world, world.send(peer, 'requestUnbond', 0n), 'AmountIsZero', peer.address)
  })

  it('starts the wait of all that leaves anew', async () => {
    await world.send(peer, 'requestUnbond', 1n)
    await pass(UNBOND_DELAY - DAY)
    await world.send(peer, 'requestUnbond', 1n)
    await pass(2 * DAY)
    await reverts(world, world.send(peer, 'unbond'), 'StillLocked')
  })
})

describe('unbond', () => {
  beforeEach(setUp)

  it('becomes credit', async () => {
    await world.send(peer, 'requestUnbond', 2000n)
    await pass(UNBOND_DELAY)
    const [event] = eventsOf(world, await world.send(peer, 'unbond'))
    assert.deepEqual([event!.name, event!.args.amount], ['Unbonded', 2000n])
    assert.equal(await world.view('creditOf', peer.address), 2000n)
    assert.deepEqual((await world.view('stakeOf', peer.address)).toArray(), [0n, 0n, 0n])
  })

  it('stays locked', async () => {
    await world.send(peer, 'requestUnbond', 2000n)
    await pass(UNBOND_DELAY - 10)
    await reverts(world, world.send(peer, 'unbond'), 'StillLocked')
    // The longest Job that was open when the peer asked is over before its bond is free.
    assert.ok(UNBOND_DELAY > (await world.view('rules')).maxDuration)
  })

  it('refuses nothing to take out', () => reverts(world, world.send(peer, 'unbond'), 'NothingLeaves', peer.address))
})

describe('withdraw', () => {
  beforeEach(setUp)

  it('sends the caller its credit', async () => {
    const jobId = await committedJob(world)
    await settle(world, world.peers[2]!, { jobId })
    const before = await balanceOf(world, peer.address)
    const [event] = eventsOf(world, await world.send(peer, 'withdraw'))
    assert.deepEqual(event!.args.toArray(), [peer.address, 800n])
    assert.equal((await balanceOf(world, peer.address)) - before, 800n)
    assert.equal(await balanceOf(world, await at()), await world.view('owed'))
  })

  it("sends a wallet its credit at somebody else's cost", async () => {
    const jobId = await committedJob(world)
    await settle(world, world.peers[2]!, { jobId })
    const before = await balanceOf(world, peer.address)
    await world.send(world.stranger, 'withdrawFor', peer.address)
    assert.equal((await balanceOf(world, peer.address)) - before, 800n)
  })

  it('refuses a second time for the same credit', async () => {
    const jobId = await committedJob(world)
    await settle(world, world.peers[2]!, { jobId })
    await world.send(peer, 'withdraw')
    await reverts(world, world.send(peer, 'withdraw'), 'NothingToWithdraw', peer.address)
  })

  it('cannot be entered again through the token', async () => {
    world = await createWorld({ tokenName: 'CallbackToken' })
    const victim = world.peers[0]!
    const { jobId } = await openJob(world)
    await world.send(world.requester, 'cancel', jobId)
    const other = await openJob(world)
    const terms = await termsOf()
    const attempts: readonly (readonly [string, readonly unknown[]])[] = [
      ['withdrawFor', [world.requester.address]],
      ['open', [terms]],
      ['bond', [1n]],
    ]
    for (const [method, args] of attempts) {
      const data = world.escrow.interface.encodeFunctionData(method, args)
      await (await world.token.getFunction('callOnTransfer')(await at(), data)).wait()
      await world.send(victim, 'bond', 1n)
      assert.equal(await world.token.getFunction('succeeded').staticCall(), false)
      assert.equal(await world.token.getFunction('answer').staticCall(), '0x3ee5aeb5', 'ReentrancyGuardReentrantCall()')
    }
    await world.send(world.requester, 'withdraw')
    assert.equal(await balanceOf(world, await at()), await world.view('owed'))
    assert.ok((await world.view('job', other.jobId)).held > 0n)
  })

  it('leaves others alone where one payee cannot receive', async () => {
    // The token itself as payee: a transfer to it is a trap, and nobody but itself is in it.
    const jobId = await committedJob(world)
    const payees = [
      { wallet: await world.token.getAddress(), processed: 8 },
      { wallet: peer.address, processed: 8, validated: 4 },
    ]
    await settle(world, world.peers[2]!, { jobId, payees })
    await world.send(peer, 'withdraw')
    assert.equal(await world.view('creditOf', payees[0]!.wallet), 800n)
  })
})
