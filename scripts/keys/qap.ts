import { FIELD_ORDER } from '../../src/job/field.ts'
import { ELEMENT_BYTES, elementBytes } from './arithmetic.ts'
import { type R1cs, readElement } from './r1cs.ts'

/** The constraint system as polynomials, evaluated at one point: for each wire the values of its three polynomials. */
export interface Qap {
  a: bigint[]
  b: bigint[]
  c: bigint[]
  /** The terms of a and b as a snarkjs key lists them (section 4), coefficients in its doubled Montgomery form. */
  coefficients: Buffer
}

/** 2^512: what the prover divides out again, once for the coefficient and once for the witness. */
const MONTGOMERY_SQUARE = (1n << 512n) % FIELD_ORDER
const TERM_BYTES = 12 + ELEMENT_BYTES
/** Most coefficients are one of a few thousand of Poseidon's; the cap only bounds memory. */
const MAX_CACHED = 200_000

/** `lagrange` holds the domain's Lagrange polynomials at the point: one a constraint, then one a public signal and the constant. */
export function evaluateQap(r1cs: R1cs, lagrange: readonly bigint[]): Qap {
  const zeros = () => new Array<bigint>(r1cs.wires).fill(0n)
  const sides = [zeros(), zeros(), zeros()] as const
  const terms = new TermList(r1cs)
  r1cs.forEachTerm((constraint, side, wire, offset) => {
    const values = sides[side]
    values[wire] = (values[wire]! + readElement(r1cs.bytes, offset) * lagrange[constraint]!) % FIELD_ORDER
    if (side < 2) terms.add(side, constraint, wire, offset)
  })
  // One more row for each public wire keeps its polynomial independent of all others.
  for (let wire = 0; wire <= r1cs.publicSignals; wire++) {
    sides[0][wire] = (sides[0][wire]! + lagrange[r1cs.constraints + wire]!) % FIELD_ORDER
    terms.add(0, r1cs.constraints + wire, wire, undefined)
  }
  const [a, b, c] = sides
  return { a, b, c, coefficients: terms.finish() }
}

class TermList {
  readonly #source: Buffer
  readonly #bytes: Buffer
  readonly #cache = new Map<string, Buffer>()
  readonly #one = elementBytes(MONTGOMERY_SQUARE)
  #terms = 0

  constructor(r1cs: R1cs) {
    let terms = r1cs.publicSignals + 1
    r1cs.forEachTerm((_, side) => {
      if (side < 2) terms++
    })
    this.#source = r1cs.bytes
    this.#bytes = Buffer.alloc(4 + terms * TERM_BYTES)
  }

  add(side: number, constraint: number, wire: number, offset: number | undefined): void {
    const at = 4 + this.#terms++ * TERM_BYTES
    this.#bytes.writeUInt32LE(side, at)
    this.#bytes.writeUInt32LE(constraint, at + 4)
    this.#bytes.writeUInt32LE(wire, at + 8)
    const coefficient = offset === undefined ? this.#one : this.#montgomery(offset)
    coefficient.copy(this.#bytes, at + 12)
  }

  finish(): Buffer {
    this.#bytes.writeUInt32LE(this.#terms, 0)
    return this.#bytes
  }

  #montgomery(offset: number): Buffer {
    const key = this.#source.toString('latin1', offset, offset + ELEMENT_BYTES)
    const known = this.#cache.get(key)
    if (known !== undefined) return known
    const value = elementBytes((readElement(this.#source, offset) * MONTGOMERY_SQUARE) % FIELD_ORDER)
    if (this.#cache.size < MAX_CACHED) this.#cache.set(key, value)
    return value
  }
}
