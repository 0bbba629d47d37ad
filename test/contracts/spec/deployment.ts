import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { createWorld, ethers, RULES, reverts, UNBOND_DELAY, type World } from '../support/world.ts'

let world: World

describe('deployment', () => {
  beforeEach(async () => {
    world = await createWorld()
  })

  const deployed = async (changes: object, delay = UNBOND_DELAY) =>
    ethers.deployContract('Escrow', [world.token, [], { ...RULES, ...changes }, delay])

  it('refuses a wait for bonds that ends before a Job does', () =>
    reverts(world, deployed({}, RULES.maxDuration), 'DelayTooShort', BigInt(RULES.maxDuration), BigInt(RULES.maxDuration)))

  it('refuses rules that rule nothing out', async () => {
    for (const [rule, found, most] of [
      ['beaconDelay', 0, 65_535n],
      ['maxAttempts', 0, 255n],
      ['witnesses', 0, 255n],
      ['slashBps', 0, 10_000n],
      ['slashBps', 10_001, 10_000n],
      ['minBond', 0, 2n ** 96n - 1n],
    ] as const) {
      await reverts(world, deployed({ [rule]: found }), 'RuleOutOfRange', rule, BigInt(found), 1n, most)
    }
    await reverts(world, deployed({}, 2 ** 32), 'RuleOutOfRange', 'unbondDelay', 2n ** 32n, 1n, 2n ** 32n - 1n)
  })

  it('records what verifies each size class', async () => {
    const classes = await world.view('sizeClasses')
    assert.equal(classes.length, 2)
    assert.deepEqual(classes[0].toArray().slice(1, 4), [4n, 4n, 8n])
    assert.match(classes[0].verificationKeyHash, /^0x[0-9a-f]{64}$/)
  })

  it('keeps the domain that typed-data.ts names', async () => {
    const [, name, version, chainId, verifyingContract] = await world.view('eip712Domain')
    assert.deepEqual([name, version, chainId, verifyingContract], ['Minga', '1', world.chainId, await world.escrow.getAddress()])
  })
})
