import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decode, encode } from 'cborg'
import fc from 'fast-check'
import { decodeScanned } from '../../src/protocol/cbor-decode.ts'
import { scanCbor } from '../../src/protocol/cbor-scan.ts'
import { CodecError } from '../../src/protocol/wire-errors.ts'

/** What the definition of canonical says: it decodes, and encodes to the same bytes. */
function byDefinition(bytes: Uint8Array): unknown {
  const value = decode(bytes, { strict: true, allowIndefinite: false, allowBigInt: true, rejectDuplicateMapKeys: true })
  assert.equal(Buffer.compare(encode(value, { float64: true }), bytes), 0)
  return value
}

function attempt(read: () => unknown): { value: unknown } | undefined {
  try {
    return { value: read() }
  } catch (error) {
    assert.ok(error instanceof CodecError || (error instanceof Error && error.name !== 'TypeError'), String(error))
    return undefined
  }
}

function agrees(bytes: Uint8Array): void {
  if (attempt(() => scanCbor(bytes, { maxDepth: 16, allowFloats: true })) === undefined) return
  const expected = attempt(() => byDefinition(bytes))
  assert.deepEqual(
    attempt(() => decodeScanned(bytes)),
    expected,
    Buffer.from(bytes).toString('hex'),
  )
}

const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n - 1n }),
    fc.boolean(),
    fc.constant(null),
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc.uint8Array(),
    fc.array(tie('value'), { maxLength: 5 }),
    // Few letters of several widths, so that keys collide, and differ in length and late bytes.
    fc.dictionary(fc.string({ unit: fc.constantFrom('a', 'b', 'é', '€', '😀'), maxLength: 5 }), tie('value'), { maxKeys: 5 }),
  ),
})).value

describe('the canonical decoder', () => {
  it('takes and refuses what decoding and encoding again would, and gives the same values', () => {
    fc.assert(
      fc.property(values, fc.nat(), fc.nat(255), (value, place, byte) => {
        const bytes = encode(value, { float64: true })
        agrees(bytes)
        const index = place % bytes.length
        agrees(bytes.with(index, byte))
        agrees(bytes.with(index, (bytes[index] as number) ^ (1 << (byte & 7))))
      }),
      { numRuns: 3000 },
    )
  })

  it('knows the edges of every head', () => {
    const edges = [23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 2n ** 53n, 2n ** 64n - 1n, 0.5, 1e300, -0]
    for (const edge of edges) for (const value of [edge, -edge]) agrees(encode(value, { float64: true }))
    for (const head of ['1817', '1900ff', '1a0000ffff', '1b00000000ffffffff', '3817', '3b001fffffffffffff', 'fb8000000000000000']) {
      agrees(new Uint8Array(Buffer.from(head, 'hex')))
    }
  })

  it('gives bytes of its own, whatever it was given', () => {
    const given = Buffer.from('4201ff', 'hex')
    const value = decodeScanned(given)
    given.fill(0)
    assert.deepEqual(value, new Uint8Array([1, 255]))
  })
})
