import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import type { Wallet } from 'ethers'
import { commitRoot, committedJob, DAY, openJob, type RootInit, rootArguments, settle } from '../support/jobs.ts'
import { BUDGET, createWorld, deployWorld, ethers, eventsOf, FIELD, mine, pass, reverts, type World } from '../support/world.ts'

const HISTORY = '0x0000F90827F1C53a10cb7A02335B175320002935'

let world: World
let peers: Wallet[]
let jobId: bigint

/** Files share one process, where a hook outside of `describe` runs before the tests of all. */
async function setUp() {
  world = await createWorld()
  peers = world.peers
  ;({ jobId } = await openJob(world))
}

async function commit(init: Partial<RootInit> = {}, poster = peers[0]!) {
  return world.send(poster, 'commitRoot', ...(await rootArguments(world, { jobId, ...init })))
}

describe('commitRoot', () => {
  beforeEach(setUp)

  it('fixes root, proposal and block of the attempt', async () => {
    const receipt = await commit({ root: 99n, proposal: ethers.id('p') })
    const [event] = eventsOf(world, receipt)
    assert.deepEqual(event!.args.toArray(), [jobId, 0n, 0n, 99n, ethers.id('p'), peers[0]!.address])
    const attempt = await world.view('chunkState', jobId, 0, 0)
    assert.deepEqual(attempt.toArray(), [99n, ethers.id('p'), 0n, BigInt(receipt.blockNumber)])
    assert.equal(await world.view('nextAttempt', jobId, 0), 1n)
  })

  it('lets numbers of attempts be skipped', async () => {
    await commit({ attempt: 2 })
    await mine(2)
    await commit({ attempt: 5, root: 78n })
    assert.equal(await world.view('nextAttempt', jobId, 0), 6n)
  })

  it('refuses too few and too many signatures', async () => {
    await reverts(world, commit({ signers: [peers[0]!] }), 'QuorumMissed', 1n, 2n)
    await reverts(world, commit({ signers: new Array(17).fill(peers[0]) }), 'QuorumMissed', 17n, 2n)
  })

  it('refuses one signer twice', async () => {
    const [first, second] = peers as [Wallet, Wallet]
    await reverts(world, commit({ signers: [first, first] }), 'SignersNotAscending', first.address, first.address)
    await reverts(world, commit({ signers: [second, first] }), 'SignersNotAscending', second.address, first.address)
  })

  it('refuses a signer without a bond', async () => {
    const signers = [peers[0]!, world.stranger].sort((a, b) => (BigInt(a.address) < BigInt(b.address) ? -1 : 1))
    await reverts(world, commit({ signers }), 'NotBonded', world.stranger.address, 0n, 1600n)
    await world.send(peers[1]!, 'requestUnbond', 2000n)
    await reverts(world, commit({ signers: [peers[0]!, peers[1]!] }), 'NotBonded', peers[1]!.address, 0n, 1600n)
  })

  it('refuses signatures of another root, chunk, attempt, proposal or escrow', async () => {
    const [, , , , , signatures] = await rootArguments(world, { jobId })
    const proposal = ethers.id('proposal')
    const { jobId: other } = await openJob(world, { macroJobs: 8 })
    // Whoever it recovers to has no bond; which of the two comes first is chance.
    for (const args of [
      [jobId, 0, 0, 78n, proposal],
      [other, 1, 0, 77n, proposal],
      [jobId, 0, 1, 77n, proposal],
      [jobId, 0, 0, 77n, ethers.id('x')],
    ]) {
      await assert.rejects(world.send(peers[0]!, 'commitRoot', ...args, signatures))
    }
    const elsewhere = await deployWorld({})
    const foreign = await Promise.all(
      peers.slice(0, 2).map((peer) => elsewhere.sign(peer, 'RootEndorsement', { jobId, chunk: 0, attempt: 0, root: 77n, proposal })),
    )
    await assert.rejects(world.send(peers[0]!, 'commitRoot', jobId, 0, 0, 77n, proposal, foreign))
  })

  it('refuses the poster', async () => {
    await reverts(world, commit({}, world.stranger), 'NotBonded', world.stranger.address, 0n, 1600n)
  })

  it('refuses the root', async () => {
    await reverts(world, commit({ root: 0n }), 'NotAFieldElement', 0n)
    await reverts(world, commit({ root: FIELD }), 'NotAFieldElement', FIELD)
  })

  it('refuses the chunk', () => reverts(world, commit({ chunk: 1 }), 'NoSuchChunk', 1n, 1n))

  it('the first commit stands', async () => {
    await commit()
    await reverts(world, commit({ root: 78n }), 'AttemptTaken', 0n, 1n)
    await mine(2)
    await commit({ attempt: 3, root: 78n })
    await reverts(world, commit({ attempt: 1, root: 79n }), 'AttemptTaken', 1n, 4n)
    assert.equal((await world.view('chunkState', jobId, 0, 0)).root, 77n)
  })

  it('refuses one more', async () => {
    await commit({ attempt: 15 })
    await mine(2)
    await reverts(world, commit({ attempt: 16 }), 'AttemptsUsedUp', 16n, 16n)
  })

  it('refuses another draw', async () => {
    const { jobId: two } = await openJob(world, { macroJobs: 8 })
    await commitRoot(world, { jobId: two })
    await settle(world, peers[2]!, { jobId: two })
    await reverts(world, commit({ jobId: two, attempt: 1 }), 'EverythingSettled', 0n)
  })

  it('refuses a Job that is over', async () => {
    const cancelled = await openJob(world)
    await world.send(world.requester, 'cancel', cancelled.jobId)
    await reverts(world, commit({ jobId: cancelled.jobId }), 'WrongState', cancelled.jobId, 4n)
    await pass(DAY + 1)
    await reverts(world, commit(), 'DeadlinePassed')
  })

  it('refuses to draw again', async () => {
    const receipt = await commit()
    await reverts(world, commit({ attempt: 1 }), 'BeaconAhead', BigInt(receipt.blockNumber) + 1n)
    await forgetHistory()
    await mine(300)
    await reverts(world, commit({ attempt: 1 }), 'BeaconLost', BigInt(receipt.blockNumber) + 1n)
  })
})

describe('pinBeacon', () => {
  beforeEach(setUp)

  it('writes down the first 26 bytes of its hash', async () => {
    const { blockNumber } = await commit()
    await mine(2)
    const [event] = eventsOf(world, await world.send(world.stranger, 'pinBeacon', jobId, 0, 0))
    const { hash } = (await ethers.provider.getBlock(blockNumber + 1))!
    const beacon = BigInt(hash!) >> 48n
    assert.deepEqual(event!.args.toArray(), [jobId, 0n, 0n, beacon, BigInt(blockNumber) + 1n])
    assert.equal((await world.view('chunkState', jobId, 0, 0)).beacon, beacon)
  })

  it('a second call changes nothing', async () => {
    const committed = await committedJob(world)
    const { beacon } = await world.view('chunkState', committed, 0, 0)
    await mine(300)
    assert.deepEqual(eventsOf(world, await world.send(world.stranger, 'pinBeacon', committed, 0, 0)), [])
    assert.equal((await world.view('chunkState', committed, 0, 0)).beacon, beacon)
  })

  it('refuses to look ahead', async () => {
    const { blockNumber } = await commit()
    await reverts(world, world.send(world.stranger, 'pinBeacon', jobId, 0, 0), 'BeaconAhead', BigInt(blockNumber) + 1n)
  })

  it('reads the history of EIP-2935', async () => {
    const { blockNumber } = await commit()
    await mine(300)
    const code = await ethers.provider.getCode(await ethers.deployContract('BlockHistory'))
    await ethers.provider.send('hardhat_setCode', [HISTORY, code])
    const expected =
      BigInt(ethers.keccak256(ethers.AbiCoder.defaultAbiCoder().encode(['string', 'uint256'], ['block', blockNumber + 1]))) >> 48n
    await world.send(world.stranger, 'pinBeacon', jobId, 0, 0)
    assert.equal((await world.view('chunkState', jobId, 0, 0)).beacon, expected)
    const hashes = await ethers.deployContract('BlockHashesHarness')
    assert.equal(BigInt(await hashes.getFunction('hashOf').staticCall(0)), 0n, 'where the history reverts')
    assert.equal(BigInt(await hashes.getFunction('hashOf').staticCall(10 ** 9)), 0n, 'what lies ahead')
  })

  it('is lost without such a history, and the Job is refunded', async () => {
    const { blockNumber } = await commit()
    await forgetHistory()
    await mine(300)
    await reverts(world, world.send(peers[0]!, 'pinBeacon', jobId, 0, 0), 'BeaconLost', BigInt(blockNumber) + 1n)
    await pass(DAY + 1)
    await world.send(world.stranger, 'refund', jobId)
    assert.equal(await world.view('creditOf', world.requester.address), BUDGET)
  })

  it('refuses an attempt without a root', () => reverts(world, world.send(peers[0]!, 'pinBeacon', jobId, 0, 1), 'NoRoot', 0n, 1n))
})

async function forgetHistory() {
  await ethers.provider.send('hardhat_setCode', [HISTORY, '0x'])
}
