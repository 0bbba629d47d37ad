import type { Curve } from 'snarkjs'
import type { Arena } from './arena.ts'
import type { ProvingKey } from './proving-key.ts'

const BYTES = 32

/**
 * The scalars of the key's points H: A·B − C in the odd points of the domain of twice the size, where A, B and C are the polynomials that take the rows'
 * values in the even ones. 32 bytes for each row. The rows are the curve's own `qap_buildABC`: snarkjs takes 1.2 s to build them entry by entry in JavaScript.
 */
export function quotient(curve: Curve, arena: Arena, key: ProvingKey, witness: Uint8Array): Uint8Array {
  const { domain, entries, wires } = key
  const { frm_mul: mul, frm_sub: sub, qap_buildABC: buildABC } = curve.tm.instance.exports as Record<string, (...args: number[]) => number>
  return arena.within(() => {
    const [a, b, c] = [arena.take(domain * BYTES), arena.take(domain * BYTES), arena.take(domain * BYTES)]
    arena.within(() => buildABC!(arena.put(key.coefficients), entries, arena.put(witness), a, b, c, 0, domain, 0, wires))
    const toOddPoints = createTransform(curve, arena, domain)
    for (const values of [a, b, c]) toOddPoints(values)

    // Each has the domain's size as a factor, the product its square; a plain number as a factor takes a product out of Montgomery's form.
    const inverse = arena.put(curve.Fr.inv(curve.Fr.e(BigInt(domain))))
    const plainInverse = arena.put(curve.Fr.fromMontgomery(arena.get(inverse, BYTES)))
    for (let row = 0; row < domain * BYTES; row += BYTES) {
      mul!(a + row, b + row, a + row)
      mul!(a + row, inverse, a + row)
      sub!(a + row, c + row, a + row)
      mul!(a + row, plainInverse, a + row)
    }
    return arena.get(a, domain * BYTES)
  })
}

/**
 * From a polynomial's values in the `size` even powers of ω, a root of unity of order 2 · size, to `size` times its values in the odd ones, in place. The
 * first half leaves the coefficients in the order of reversed bits, from which the second starts; with all powers of ω at hand each step costs one product.
 */
function createTransform(curve: Curve, arena: Arena, size: number): (values: number) => void {
  const { frm_mul: mul, frm_add: add, frm_sub: sub } = curve.tm.instance.exports as { [name: string]: (...args: number[]) => number }
  const powers = rootPowers(curve, arena, size)
  const scratch = arena.take(BYTES)
  const toCoefficients = (values: number) => {
    for (let half = size / 2, stride = 2 * BYTES; half >= 1; half /= 2, stride *= 2) {
      for (let block = values; block < values + size * BYTES; block += 2 * half * BYTES) {
        // ω^−k is −ω^(size − k): the difference is taken the other way round.
        for (let j = 0, u = block, v = block + half * BYTES; j < half; j++, u += BYTES, v += BYTES) {
          if (j === 0) sub!(u, v, scratch)
          else sub!(v, u, scratch)
          add!(u, v, u)
          mul!(scratch, j === 0 ? powers : powers + size * BYTES - j * stride, v)
        }
      }
    }
  }
  const toValues = (values: number) => {
    for (let half = 1, stride = size * BYTES; half < size; half *= 2, stride /= 2) {
      for (let block = values; block < values + size * BYTES; block += 2 * half * BYTES) {
        for (let j = 0, u = block, v = block + half * BYTES; j < half; j++, u += BYTES, v += BYTES) {
          mul!(v, powers + stride / 2 + j * stride, scratch)
          sub!(u, scratch, v)
          add!(u, scratch, u)
        }
      }
    }
  }
  return (values) => {
    toCoefficients(values)
    toValues(values)
  }
}

/** The address of ω^0 … ω^(size − 1). */
function rootPowers({ Fr, tm }: Curve, arena: Arena, size: number): number {
  const log = Math.log2(size)
  const powers = arena.take(size * BYTES)
  arena.within(() => {
    tm.u8.set(Fr.e(1n), powers)
    const root = arena.put(Fr.w[log + 1]!)
    for (let at = powers; at < powers + (size - 1) * BYTES; at += BYTES) tm.instance.exports.frm_mul!(at, root, at + BYTES)
  })
  return powers
}
