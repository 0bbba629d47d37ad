import assert from 'node:assert/strict'
import { it } from 'node:test'
import { InvalidJobInfoError } from '../../src/job/errors.ts'
import { paymentSchema } from '../../src/job/payment.ts'
import { priceOfDraft } from '../../src/job/price.ts'

const NOW = 1_900_000_000
const shape = { macroJobs: 2, microJobs: 3, blocks: 4 }
const draft = { name: 'priced', code: 'x', slicing: { layout: 'sequence' as const, ...shape, blockElements: 8 } }
const WEI = 10n ** 18n

it('what a draft would cost is known before any chain is: the whole price, the bond that deters, a day', () => {
  assert.deepEqual(priceOfDraft({ ...draft, unitPriceWei: String(2n * WEI), payment: { finisherPriceWei: '7' } }, NOW), {
    totalWei: 2n * (3n * 2n * WEI + 2n * WEI + 7n),
    macroJobs: 2,
    microJobs: 3,
    unitPriceWei: 2n * WEI,
    validationPriceWei: 2n * WEI,
    finisherPriceWei: 7n,
    minBondWei: 16n * WEI + 1n,
    slashWei: 4n * WEI,
    deadline: NOW + 86_400,
  })
})

it('a draft without a price costs nothing; one that no escrow could pay is refused', () => {
  assert.equal(priceOfDraft(draft, NOW), undefined)
  const slicing = { ...draft.slicing, blocks: 17 }
  assert.throws(() => priceOfDraft({ ...draft, slicing, unitPriceWei: '1' }, NOW), InvalidJobInfoError)
})

it('a price has 80 bits and a bond 96, as in the escrow: what deters at the highest price still fits', () => {
  const highest = (1n << 80n) - 1n
  const slicing = { ...draft.slicing, microJobs: 10 }
  const price = priceOfDraft({ ...draft, slicing, unitPriceWei: String(highest) }, NOW)
  assert.equal(price?.minBondWei, 9n * 4n * highest + 1n)
  const payment = { chainId: 1, escrow: `0x${'0'.repeat(40)}`, validationPriceWei: '0', finisherPriceWei: '0', minBondWei: '0', quorum: 2 }
  const takes = (change: Partial<typeof payment>) => paymentSchema.safeParse({ ...payment, ...change }).success
  assert.equal(takes({ minBondWei: String((1n << 96n) - 1n) }), true)
  assert.equal(takes({ minBondWei: String(1n << 96n) }), false)
  for (const name of ['validationPriceWei', 'finisherPriceWei']) {
    assert.equal(takes({ [name]: String(highest) }), true)
    assert.equal(takes({ [name]: String(highest + 1n) }), false)
  }
  assert.equal(takes({ minBondWei: '01' }), false)
})

it('an escrow that is known refuses what its rules do not allow, and counts by them', () => {
  const paid = { ...draft, unitPriceWei: '1000' }
  const rules = { maxDurationSeconds: 1000, slashBps: 5000, minBondWei: 7n * WEI }
  const escrow = { chainId: 1, escrow: `0x${'e5'.repeat(20)}`, rules }
  const price = priceOfDraft(paid, NOW, escrow)
  assert.deepEqual([price?.minBondWei, price?.slashWei, price?.deadline], [7n * WEI, (7n * WEI) / 2n, NOW + 900])
  const problemsOf = (change: object) => {
    try {
      priceOfDraft({ ...paid, ...change }, NOW, escrow)
      return []
    } catch (error) {
      assert.ok(error instanceof InvalidJobInfoError)
      return error.problems.map(({ path }) => path)
    }
  }
  const least = { payment: { minBondWei: String(7n * WEI) }, deadline: NOW + 1000 }
  assert.deepEqual(problemsOf(least), [])
  assert.deepEqual(problemsOf({ payment: { minBondWei: String(7n * WEI - 1n) }, deadline: NOW + 1001 }), ['payment.minBondWei', 'deadline'])
  assert.deepEqual(problemsOf({ deadline: Number.MAX_SAFE_INTEGER }), ['deadline'])
})
