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
    for (const changes of [
      { beaconDelay: 0 },
      { maxAttempts: 0 },
      { witnesses: 0 },
      { slashBps: 0 },
      { slashBps: 10_001 },
      { minBond: 0n },
    ]) {
      await reverts(world, deployed(changes), 'RuleOutOfRange')
    }
    await reverts(world, deployed({}, 2 ** 32), 'RuleOutOfRange')
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
