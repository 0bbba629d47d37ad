import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { z } from 'zod'
import { type CodecLimits, decodeCbor, defineMessage, encodeCbor } from '../../src/protocol/codec.ts'
import { CodecError, type CodecFault } from '../../src/protocol/wire-errors.ts'

const limits: CodecLimits = { maxBytes: 64 * 1024 }
const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'))
const hex = (value: Uint8Array) => Buffer.from(value).toString('hex')

function refuses(input: string, fault: CodecFault, more: Partial<CodecLimits> = {}) {
  assert.throws(
    () => decodeCbor(bytes(input), { ...limits, ...more }),
    (error: unknown) => error instanceof CodecError && error.fault === fault,
    `${input} is ${fault}`,
  )
}

/** What a message may hold. */
const messages = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.maxSafeInteger(),
    fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n - 1n }).filter((value) => value > 2n ** 53n || value < -(2n ** 53n)),
    fc.boolean(),
    fc.constant(null),
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array(),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 5 },
    ),
  ),
})).value

describe('canonical CBOR', () => {
  const vectors = JSON.parse(readFileSync(new URL('../vectors/cbor.json', import.meta.url), 'utf8')) as {
    note: string
    value: unknown
    hex: string
  }[]
  for (const vector of vectors) {
    it(`keeps its bytes: ${vector.note}`, () => {
      assert.equal(hex(encodeCbor(vector.value, limits)), vector.hex)
      assert.deepEqual(decodeCbor(bytes(vector.hex), limits), vector.value)
    })
  }

  it('gives back what it was given, always by the same bytes', () => {
    fc.assert(
      fc.property(messages, (message) => {
        const encoded = encodeCbor(message, limits)
        const decoded = decodeCbor(encoded, limits)
        assert.equal(hex(encodeCbor(decoded, limits)), hex(encoded))
        // Property order and prototypes are not part of a message.
        assert.equal(String(fc.stringify(sorted(decoded))), String(fc.stringify(sorted(message))))
      }),
      { numRuns: 300 },
    )
  })

  it('throws only CodecError for random bytes, and decodes nothing that it would not encode so', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (input) => {
        try {
          assert.equal(hex(encodeCbor(decodeCbor(input, limits), limits)), hex(input))
        } catch (error) {
          assert.ok(error instanceof CodecError, String(error))
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('survives every flipped byte of a good message', () => {
    const good = encodeCbor({ type: 'x', list: [1, 2n ** 60n, 'text', new Uint8Array(8)], flag: true }, limits)
    for (let index = 0; index < good.length; index++) {
      for (const value of [0, 0x1f, 0x5f, 0x9f, 0xbf, 0xff, (good[index] as number) ^ 1, (good[index] as number) ^ 0x80]) {
        const bad = good.with(index, value)
        try {
          decodeCbor(bad, limits)
        } catch (error) {
          assert.ok(error instanceof CodecError)
        }
      }
    }
  })

  it('refuses other spellings of one value', () => {
    for (const spelling of ['1800', '190001', '1a00000001', '1b0000000000000001', '7800', '5800', '9800', 'b800'])
      refuses(spelling, 'not-canonical')
    refuses('a2616201616102', 'not-canonical') // keys out of order
    refuses('a2616101616102', 'not-canonical') // a key twice
    refuses('61ff', 'not-canonical') // not UTF-8
    refuses('0000', 'not-canonical') // two items
    refuses('5f4101ff', 'unsupported') // indefinite length
    refuses('9f01ff', 'unsupported')
    refuses('c001', 'unsupported') // tag
    refuses('f7', 'unsupported') // undefined
    refuses('f93c00', 'unsupported') // half float
    refuses('fb3ff8000000000000', 'unsupported') // a float where none is allowed
    refuses('a10102', 'unsupported') // a key that is no text
    refuses('ff', 'unsupported')
    refuses('', 'truncated')
  })

  it('takes floats only where allowed, and only as 64 bits', () => {
    const withFloats = { ...limits, allowFloats: true }
    assert.equal(decodeCbor(encodeCbor(1.5, withFloats), withFloats), 1.5)
    assert.throws(() => encodeCbor(1.5, limits), CodecError)
    assert.throws(() => encodeCbor(Number.NaN, withFloats), CodecError)
    refuses('f93e00', 'unsupported', { allowFloats: true })
    refuses('fb7ff8000000000000', 'unsupported', { allowFloats: true }) // NaN
    refuses('fbfff0000000000000', 'unsupported', { allowFloats: true }) // −Infinity
    refuses('fb3ff0000000000000', 'not-canonical', { allowFloats: true }) // 1.0 is the integer 1
  })

  it('refuses a million nested arrays before it would recurse, and lengths that are lies', () => {
    refuses('81'.repeat(60_000), 'too-deep')
    refuses('a16161'.repeat(20_000), 'too-deep')
    refuses('8101', 'too-deep', { maxDepth: 0 })
    assert.deepEqual(decodeCbor(bytes('818101'), { ...limits, maxDepth: 2 }), [[1]])
    refuses('9b7fffffffffffffff', 'truncated')
    refuses('bb7fffffffffffffff', 'truncated')
    refuses('5b7fffffffffffffff', 'truncated')
    refuses('7affffffff', 'truncated')
    refuses('9affffffff0000', 'truncated')
    refuses('00'.repeat(9), 'too-large', { maxBytes: 8 })
  })

  it('refuses the key __proto__, and other names of Object stay plain keys', () => {
    refuses('a1695f5f70726f746f5f5fa0', 'forbidden-key')
    const decoded = decodeCbor(encodeCbor({ constructor: 1, toString: 2 }, limits), limits) as Record<string, unknown>
    assert.equal(Object.getOwnPropertyDescriptor(decoded, 'constructor')?.value, 1)
    assert.equal(({} as Record<string, unknown>).polluted, undefined)
  })

  it('refuses to encode what has no bytes', () => {
    for (const value of [undefined, [undefined], () => 1, Symbol('x'), 2n ** 64n, { deep: new Map([[1, 2]]) }, new Date()]) {
      assert.throws(() => encodeCbor(value, limits), CodecError, String(value))
    }
    assert.equal(hex(encodeCbor({ a: 1, b: undefined }, limits)), 'a1616101')
  })
})

describe('a message codec', () => {
  const codec = defineMessage(
    z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('ask'), count: z.int().min(0) }),
      z.strictObject({ type: z.literal('tell'), name: z.string().max(8), note: z.string().optional() }),
    ]),
    { maxBytes: 64 },
  )

  it('carries both ways what its schema allows', () => {
    for (const message of [
      { type: 'ask' as const, count: 3 },
      { type: 'tell' as const, name: 'x' },
      { type: 'tell' as const, name: 'x', note: 'y' },
    ]) {
      assert.deepEqual(codec.decode(codec.encode(message)), message)
    }
  })

  it('refuses unknown kinds, unknown keys, wrong values and large messages, and says where', () => {
    const refuse = (value: unknown, at: RegExp) =>
      assert.throws(
        () => codec.decode(encodeCbor(value, limits)),
        (error: unknown) => error instanceof CodecError && error.fault === 'schema' && at.test(error.at),
      )
    refuse({ type: 'order' }, /type/)
    refuse({ type: 'ask', count: -1 }, /count/)
    refuse({ type: 'ask', count: 1, extra: 1 }, /value/)
    refuse([], /value/)
    assert.throws(() => codec.decode(encodeCbor({ type: 'tell', name: 'x', note: 'y'.repeat(64) }, limits)), {
      name: 'CodecError',
      fault: 'too-large',
    })
    assert.throws(() => codec.encode({ type: 'ask', count: 1.5 }), CodecError)
  })
})

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value
  return Object.entries(value)
    .map(([key, inner]) => [key, sorted(inner)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
}
