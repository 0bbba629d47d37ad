import type { Curve } from 'snarkjs'

type Wasm = (...addresses: number[]) => number

/** The curve's own operations on the coordinates of one group's points, and on its points, all by address; the last address is the result's. */
export interface AffineGroup {
  /** Bytes of a coordinate; a point has two. */
  coordinateBytes: number
  pointBytes: number
  jacobianBytes: number
  add: Wasm
  sub: Wasm
  mul: Wasm
  square: Wasm
  negate: Wasm
  inverse: Wasm
  one: Wasm
  copy: Wasm
  isZero: Wasm
  equal: Wasm
  /** Of the affine point at this address. */
  isInfinite(at: number): boolean
  jacobian: { zero: Wasm; add: Wasm; double: Wasm; ofAffine: Wasm }
}

export function affineGroup({ tm }: Curve, group: 'G1' | 'G2'): AffineGroup {
  const [field, points, coordinateBytes] = group === 'G1' ? (['f1m', 'g1m', 32] as const) : (['f2m', 'g2m', 64] as const)
  const call = (prefix: string) => (name: string) => tm.instance.exports[`${prefix}_${name}`]!
  const [ofField, ofPoints] = [call(field), call(points)]
  const isZero = ofField('isZero')
  return {
    coordinateBytes,
    pointBytes: 2 * coordinateBytes,
    jacobianBytes: 3 * coordinateBytes,
    add: ofField('add'),
    sub: ofField('sub'),
    mul: ofField('mul'),
    square: ofField('square'),
    negate: ofField('neg'),
    inverse: ofField('inverse'),
    one: ofField('one'),
    copy: ofField('copy'),
    isZero,
    equal: ofField('eq'),
    isInfinite: (at) => isZero(at) === 1 && isZero(at + coordinateBytes) === 1,
    jacobian: { zero: ofPoints('zero'), add: ofPoints('add'), double: ofPoints('double'), ofAffine: ofPoints('toJacobian') },
  }
}
