import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { RpcRefusedError } from '../../src/chain/errors.ts'
import { feeFor, least, replacementFee } from '../../src/chain/sender/fees.ts'
import { poolAnswer } from '../../src/chain/sender/node-answers.ts'

const wei = fc.bigInt({ min: 0n, max: 10n ** 14n })

describe('what a transaction offers', () => {
  it('is never above the cap, never a tip above the whole, and taken at the present base fee', () => {
    fc.assert(
      fc.property(wei, wei, wei, wei, (baseFeeWei, tip, capWei, maxTipWei) => {
        const fee = feeFor(baseFeeWei, tip, { capWei, maxTipWei })
        if (baseFeeWei > capWei) return assert.equal(fee, undefined)
        assert.ok(fee !== undefined && fee.maxWei <= capWei && fee.tipWei <= fee.maxWei && fee.tipWei <= maxTipWei)
        assert.ok(fee.maxWei >= baseFeeWei)
      }),
    )
  })

  it('grows by a tenth at least in both parts when it takes another’s place, or not at all', () => {
    fc.assert(
      fc.property(wei, wei, wei, wei, wei, (maxWei, tip, marketMax, marketTip, capWei) => {
        const before = { maxWei, tipWei: least(tip, maxWei) }
        const fee = replacementFee(before, { maxWei: marketMax, tipWei: marketTip }, { capWei, maxTipWei: capWei })
        if (fee === undefined) return
        assert.ok(fee.maxWei <= capWei && fee.tipWei <= fee.maxWei)
        assert.ok(fee.maxWei * 10n >= before.maxWei * 11n, 'the whole')
        assert.ok(fee.tipWei * 10n >= before.tipWei * 11n, 'the tip')
      }),
    )
  })
})

describe('what nodes mean', () => {
  const cases = [
    ['already known', 'known'],
    ['transaction already imported', 'known'],
    ['nonce too low: next nonce 5, tx nonce 4', 'nonce-used'],
    ['replacement transaction underpriced', 'underpriced'],
    ['transaction underpriced: gas tip cap 0, minimum needed 1', 'underpriced'],
    ['max fee per gas less than block base fee: address 0x1', 'below-base-fee'],
    ['insufficient funds for gas * price + value', 'no-money'],
    ['nonce too high', 'nonce-far'],
    ['execution reverted', 'other'],
  ] as const
  for (const [words, answer] of cases) {
    it(`understands "${words}"`, () => assert.equal(poolAnswer(new RpcRefusedError('eth_sendRawTransaction', -32000, words)), answer))
  }
})
