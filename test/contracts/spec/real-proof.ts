import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import type { Wallet } from 'ethers'
import type { Settlement } from '../support/jobs.ts'
import { provenJob } from '../support/proven.ts'
import { balanceOf, deployWorld, ethers, reverts, type World } from '../support/world.ts'

/** The order of the curve's base field: −(x, y) = (x, Q − y). */
const Q = 21888242871839275222246405745257275088696311157297823662689037894645226208583n

describe('a real proof', () => {
  let world: World
  let finisher: Wallet
  let jobId: bigint
  let settlement: Settlement
  const send = (from: Wallet, brought: Settlement) => world.send(from, 'settle', jobId, 0, 0, brought)

  before(async () => {
    world = await deployWorld({ verifier: 'Verifier4x4' })
    const proven = await provenJob(world, { size: '4x4', macroJobs: 3, microJobs: 4, blocks: 13 })
    ;({ jobId, settlement } = proven)
    finisher = world.peers.find(({ address }) => address === proven.finisher)!
  })

  it('is worth nothing to who copies it from the mempool', () => reverts(world, send(world.peers[0]!, settlement), 'InvalidProof'))

  it('holds for the payees and counts that it was made for', async () => {
    const [first, second, ...rest] = settlement.payees
    const moved = [{ ...first!, count: first!.count + 1n }, { ...second!, count: second!.count - 1n }, ...rest]
    await reverts(world, send(finisher, { ...settlement, payees: moved }), 'InvalidProof')
    const renamed = [{ ...first!, wallet: world.stranger.address }, second!, ...rest]
    await reverts(world, send(finisher, { ...settlement, payees: renamed }), 'InvalidProof')
    await reverts(world, send(finisher, { ...settlement, commitment: settlement.commitment + 1n }), 'InvalidProof')
  })

  it('holds for its own points', async () => {
    const { a, b, c } = settlement.proof
    await reverts(world, send(finisher, { ...settlement, proof: { a: c, b, c: a } }), 'InvalidProof')
    await reverts(world, send(finisher, { ...settlement, proof: { a: [a[0], a[1] + 1n], b, c } }), 'InvalidProof')
  })

  it('pays once, however it is written', async () => {
    const { a, b, c } = settlement.proof
    const negated: Settlement['proof'] = { a: [a[0], Q - a[1]], b: [b[0], [Q - b[1][0], Q - b[1][1]]], c }
    const snapshot = await ethers.provider.send('evm_snapshot')
    await send(finisher, { ...settlement, proof: negated })
    await ethers.provider.send('evm_revert', [snapshot])

    const { gasUsed } = await send(finisher, settlement)
    // The probes of a coverage run cost gas of their own.
    if (process.env.MINGA_CONTRACTS === undefined) assert.ok(gasUsed < 450_000n, `${gasUsed} gas`)
    assert.equal(await world.view('creditOf', world.peers[0]!.address), 60n)
    assert.equal(await world.view('creditOf', world.peers[5]!.address), 90n)
    assert.equal((await world.view('job', jobId)).held, 0n)
    assert.equal(await balanceOf(world, await world.escrow.getAddress()), await world.view('owed'))
    await reverts(world, send(finisher, settlement), 'WrongState', jobId, 3n)
    await reverts(world, send(finisher, { ...settlement, proof: negated }), 'WrongState', jobId, 3n)
  })
})
