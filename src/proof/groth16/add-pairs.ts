import type { AffineGroup } from './affine-group.ts'
import type { Arena } from './arena.ts'

/** Pairs of points to add: the sum of the points at `into[i]` and `from[i]` is put at `into[i]`. */
export interface Pairs {
  into: Int32Array
  from: Int32Array
}

/** Adds the first `count` of these pairs; no point may stand in two of them. */
export type AddPairs = (pairs: Pairs, count: number) => void

/**
 * Additions of affine points, many at a time: each needs 1 / (x₂ − x₁), and one inversion serves them all (Montgomery's trick), which leaves five products
 * and a square an addition where one that keeps its denominators takes eleven. At most `most` pairs at a time. Equal points are doubled, opposite ones give infinity.
 */
export function createAddPairs(group: AffineGroup, arena: Arena, most: number): AddPairs {
  const { coordinateBytes: y, add, sub, mul, square, inverse, one, copy, isZero, equal, isInfinite } = group
  const [product, slope, left, right] = [arena.take(y), arena.take(y), arena.take(y), arena.take(y)]
  // Of each pair that has a slope: the slope's denominator, and the product of all denominators before it.
  const denominators = arena.take(2 * y * most)
  const which = new Int32Array(most)
  const isDoubled = new Uint8Array(most)

  const prepare = (into: Int32Array, from: Int32Array, count: number): number => {
    let sloped = 0
    one(product)
    for (let i = 0; i < count; i++) {
      const a = into[i]!
      const b = from[i]!
      if (isInfinite(b)) continue
      if (isInfinite(a)) {
        copy(b, a)
        copy(b + y, a + y)
        continue
      }
      const denominator = denominators + 2 * y * sloped
      sub(b, a, denominator)
      isDoubled[sloped] = isZero(denominator)
      if (isDoubled[sloped] === 1) {
        if (equal(a + y, b + y) === 0) {
          sub(a, a, a)
          sub(a + y, a + y, a + y)
          continue
        }
        add(a + y, a + y, denominator)
      }
      copy(product, denominator + y)
      mul(product, denominator, product)
      which[sloped++] = i
    }
    return sloped
  }

  return ({ into, from }, count) => {
    const sloped = prepare(into, from, count)
    if (sloped === 0) return
    inverse(product, product)
    for (let j = sloped - 1; j >= 0; j--) {
      const a = into[which[j]!]!
      const b = from[which[j]!]!
      const denominator = denominators + 2 * y * j
      // product is 1 / (this denominator and all before it)
      mul(product, denominator + y, slope)
      mul(product, denominator, product)
      if (isDoubled[j] === 1) {
        square(a, left)
        add(left, left, right)
        add(right, left, left)
      } else {
        sub(b + y, a + y, left)
      }
      mul(left, slope, slope)
      square(slope, left)
      sub(left, a, left)
      sub(left, b, left)
      sub(a, left, right)
      mul(slope, right, right)
      copy(left, a)
      sub(right, a + y, a + y)
    }
  }
}
