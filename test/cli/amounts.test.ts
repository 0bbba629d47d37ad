import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { formatTokens, parseTokens } from '../../src/cli/amounts.ts'

describe('amounts of tokens', () => {
  it('are exact, there and back', () => {
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 128n }), (wei) => assert.equal(parseTokens(formatTokens(wei)), wei)))
  })

  it('may be whole units', () => {
    assert.equal(parseTokens('300wei'), 300n)
    assert.equal(parseTokens('12.5'), 12_500_000_000_000_000_000n)
    assert.equal(formatTokens(1n), '0.000000000000000001')
  })

  for (const text of ['', '-1', '1e18', '1.2.3', '0x10', '1.1234567890123456789', 'all', '1,5']) {
    it(`are not ${JSON.stringify(text)}`, () => assert.throws(() => parseTokens(text), /expected an amount/))
  }
})
