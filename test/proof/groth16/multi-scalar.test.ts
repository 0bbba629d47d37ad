import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import fc from 'fast-check'
import { type Curve, curves } from 'snarkjs'
import { FIELD_ORDER } from '../../../src/job/field.ts'
import { affineGroup } from '../../../src/proof/groth16/affine-group.ts'
import { type Arena, createArena } from '../../../src/proof/groth16/arena.ts'
import { multiScalar } from '../../../src/proof/groth16/multi-scalar.ts'

/** Which multiples of the generator stand where: few of them, so that many are equal, opposite or at infinity. */
const multiple = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -1000, max: 1000 }))
const scalar = fc.oneof(fc.constantFrom(0n, 1n, 2n, FIELD_ORDER - 1n), fc.bigInt({ min: 0n, max: FIELD_ORDER - 1n }))
const terms = fc.array(fc.tuple(multiple, scalar), { maxLength: 60 })

describe('a sum of points times scalars', () => {
  let curve: Curve
  let arena: Arena
  before(async () => {
    curve = await curves.getCurveFromName('bn128', { singleThread: true })
    arena = createArena(curve)
  })

  /** Points as a key has them: affine, all zeros at infinity. */
  function pointsOf(group: 'G1' | 'G2', multiples: readonly number[]): Uint8Array {
    const G = curve[group]
    const bytes = group === 'G1' ? 64 : 128
    const points = multiples.map((value) => {
      if (value === 0) return new Uint8Array(bytes)
      const point = G.timesFr(G.g, curve.Fr.e(BigInt(Math.abs(value))))
      return G.toAffine(value < 0 ? G.neg(point) : point).slice(0, bytes)
    })
    return new Uint8Array(Buffer.concat(points))
  }

  function scalarsOf(values: readonly bigint[]): Uint8Array {
    return new Uint8Array(Buffer.concat(values.map((value) => Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse())))
  }

  const modulo = (value: bigint) => ((value % FIELD_ORDER) + FIELD_ORDER) % FIELD_ORDER

  for (const group of ['G1', 'G2'] as const) {
    const text = (point: Uint8Array) => String(curve[group].toObject(curve[group].toAffine(point)))

    it(`is the generator of ${group} times the sum of their products, with equal, opposite and infinite points`, () => {
      const own = affineGroup(curve, group)
      const check = fc.property(fc.array(terms, { minLength: 1, maxLength: 3 }), (lists) => {
        const sum = lists.flat().reduce((total, [point, factor]) => modulo(total + BigInt(point) * factor), 0n)
        const found = multiScalar(
          own,
          arena,
          lists.map((list) => ({
            points: pointsOf(
              group,
              list.map(([point]) => point),
            ),
            scalars: scalarsOf(list.map(([, factor]) => factor)),
          })),
        )
        const G = curve[group]
        assert.equal(text(found), text(G.timesFr(G.g, curve.Fr.e(sum))))
      })
      fc.assert(check, { numRuns: group === 'G1' ? 40 : 15 })
    })

    it(`is what snarkjs sums in ${group}, and leaves the memory as it was`, async () => {
      const random = () => Buffer.from(curve.Fr.fromMontgomery(curve.Fr.random()))
      const multiples = Array.from({ length: 700 }, (_, i) => (i % 9 === 0 ? 0 : i % 5 === 0 ? 7 : i))
      const points = pointsOf(group, multiples)
      const scalars = new Uint8Array(Buffer.concat(multiples.map(random)))
      const free = curve.tm.u32[0]
      const found = multiScalar(affineGroup(curve, group), arena, [{ points, scalars }])
      assert.equal(curve.tm.u32[0], free)
      assert.equal(text(found), text(await curve[group].multiExpAffine(points, scalars)))
    })
  }
})
