import { FIELD_ORDER } from '../../src/job/field.ts'

export const ELEMENT_BYTES = 32

const LOW_64 = 0xffff_ffff_ffff_ffffn

export function modulo(value: bigint): bigint {
  const rest = value % FIELD_ORDER
  return rest < 0n ? rest + FIELD_ORDER : rest
}

export function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  let square = modulo(base)
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % FIELD_ORDER
    square = (square * square) % FIELD_ORDER
  }
  return result
}

export function inverse(value: bigint): bigint {
  return power(value, FIELD_ORDER - 2n)
}

/** The inverses of all values, for the price of one inversion and three products each. None may be 0. */
export function inverses(values: readonly bigint[]): bigint[] {
  const before: bigint[] = []
  let product = 1n
  for (const value of values) {
    before.push(product)
    product = (product * value) % FIELD_ORDER
  }
  let rest = inverse(product)
  const result = new Array<bigint>(values.length)
  for (let i = values.length - 1; i >= 0; i--) {
    result[i] = (rest * before[i]!) % FIELD_ORDER
    rest = (rest * values[i]!) % FIELD_ORDER
  }
  return result
}

/** 32 bytes, little-endian, written at `offset`. */
export function writeElement(bytes: Buffer, value: bigint, offset: number): void {
  bytes.writeBigUInt64LE(value & LOW_64, offset)
  bytes.writeBigUInt64LE((value >> 64n) & LOW_64, offset + 8)
  bytes.writeBigUInt64LE((value >> 128n) & LOW_64, offset + 16)
  bytes.writeBigUInt64LE(value >> 192n, offset + 24)
}

export function elementBytes(value: bigint): Buffer {
  const bytes = Buffer.alloc(ELEMENT_BYTES)
  writeElement(bytes, value, 0)
  return bytes
}

export interface LagrangeInit {
  /** The size of the domain, a power of 2, and a root of unity of that order. */
  size: number
  root: bigint
  at: bigint
}

/** Values at `at` of `count` Lagrange polynomials of the domain: number `from`, from + step, … */
export function lagrangeAt({ size, root, at }: LagrangeInit, from: number, step: number, count: number): bigint[] {
  const scale = modulo((power(at, BigInt(size)) - 1n) * inverse(BigInt(size)))
  const factor = power(root, BigInt(step))
  const points: bigint[] = []
  let point = power(root, BigInt(from))
  for (let i = 0; i < count; i++) {
    points.push(point)
    point = (point * factor) % FIELD_ORDER
  }
  const denominators = inverses(points.map((value) => modulo(at - value)))
  return points.map((value, i) => (((scale * value) % FIELD_ORDER) * denominators[i]!) % FIELD_ORDER)
}
