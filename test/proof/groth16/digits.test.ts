import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { FIELD_ORDER } from '../../../src/job/field.ts'
import { windows, windowsFor, writeDigits } from '../../../src/proof/groth16/digits.ts'

const scalar = fc.oneof(
  fc.bigInt({ min: 0n, max: FIELD_ORDER - 1n }),
  fc.constantFrom(0n, 1n, FIELD_ORDER - 1n, 1n << 253n, (1n << 253n) - 1n),
)

describe('signed digits', () => {
  it('add up to the scalar, and none is larger than there are buckets for, at any width', () => {
    fc.assert(
      fc.property(fc.integer({ min: 17, max: 127 }), fc.array(scalar, { minLength: 1, maxLength: 4 }), (count, scalars) => {
        const cut = windows(count)
        const words = Uint32Array.from(
          scalars.flatMap((value) => Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(32 * i)) & 0xffffffffn))),
        )
        const digits = new Int16Array(count * scalars.length)
        for (const i of scalars.keys()) writeDigits(words, i, cut, digits, i, scalars.length)
        assert.ok(digits.every((digit) => Math.abs(digit) <= cut.half))
        for (const [i, value] of scalars.entries()) {
          const own = Array.from({ length: count }, (_, window) => BigInt(digits[i + window * scalars.length]!))
          assert.equal(
            own.reduce((sum, digit, window) => sum + (digit << BigInt(cut.firstBits[window]!)), 0n),
            value,
          )
        }
      }),
    )
  })

  it('become wider with more points, and stay within 16 bits', () => {
    const widths = [0, 10, 100, 1000, 10_000, 100_000, 10_000_000].map((points) => 255 / windowsFor(points).count)
    assert.deepEqual(
      widths,
      widths.toSorted((a, b) => a - b),
    )
    assert.equal(widths.at(-1), 15)
  })
})
