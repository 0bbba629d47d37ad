import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Balance, checkMoney, earned, type LedgerInit, type Snapshot } from '../../src/demo/ledger.ts'

const WEI = 10n ** 18n
const BOND = 40n * WEI

/** The books of an honest Job in which these peers did so much. */
function books(work: LedgerInit['work'], burned: readonly bigint[]): LedgerInit {
  const prices = { unitPriceWei: WEI, validationPriceWei: 3n * WEI, finisherPriceWei: 7n }
  const budgetWei = work.reduce((sum, peer) => sum + earned(peer, prices), 0n)
  const burnedWei = new Map(work.map(({ name }, index) => [name, burned[index] ?? 0n]))
  const bondOf = (name: string) => BOND - (burnedWei.get(name) ?? 0n)
  const bonds = work.reduce((sum, { name }) => sum + bondOf(name), 0n)
  const at = (requesterWei: bigint, escrowWei: bigint, peerOf: (peer: LedgerInit['work'][number]) => Partial<Balance>): Snapshot => ({
    heldWei: 0n,
    balances: [
      { name: 'requester', wallet: '0x', tokenWei: requesterWei, creditWei: 0n, bondWei: 0n },
      ...work.map((peer) => ({ name: peer.name, wallet: '0x', tokenWei: 0n, creditWei: 0n, bondWei: bondOf(peer.name), ...peerOf(peer) })),
      { name: 'escrow', wallet: '0x', tokenWei: escrowWei, creditWei: 0n, bondWei: 0n },
    ],
  })
  return {
    before: at(budgetWei, BOND * BigInt(work.length), () => ({ bondWei: BOND })),
    settled: at(0n, bonds + budgetWei, (peer) => ({ creditWei: earned(peer, prices) })),
    withdrawn: at(0n, bonds, (peer) => ({ tokenWei: earned(peer, prices) })),
    prices,
    budgetWei,
    work,
    burnedWei,
  }
}

const count = fc.nat({ max: 50 })
const works = fc
  .array(fc.record({ processed: count, validated: count, settled: count }), { minLength: 1, maxLength: 5 })
  .map((all) => all.map((work, index) => ({ name: `peer ${index + 1}`, ...work })))
const burns = fc.array(fc.bigInt(0n, BOND), { maxLength: 5 })

test('honest books add up, whoever did how much and whose bond was cut', () => {
  fc.assert(
    fc.property(works, burns, (work, burned) => {
      const broken = checkMoney(books(work, burned)).filter(({ holds }) => !holds)
      assert.deepEqual(broken, [])
    }),
  )
})

test('one unit that is missing, added or elsewhere is noticed', () => {
  const snapshot = fc.constantFrom('before', 'settled', 'withdrawn')
  const field = fc.constantFrom('tokenWei', 'creditWei', 'bondWei')
  fc.assert(
    fc.property(works, burns, snapshot, field, fc.nat(), fc.constantFrom(1n, -1n), (work, burned, when, what, who, difference) => {
      const init = books(work, burned)
      const { balances } = init[when as 'before']
      const balance = balances[who % balances.length] as Balance
      balance[what as 'tokenWei'] += difference
      assert.ok(checkMoney(init).some(({ holds }) => !holds))
    }),
  )
  const held = books([{ name: 'peer 1', processed: 1, validated: 0, settled: 0 }], [])
  held.settled.heldWei = 1n
  assert.ok(checkMoney(held).some(({ holds }) => !holds))
})
