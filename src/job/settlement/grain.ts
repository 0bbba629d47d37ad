import { FIELD_ORDER } from '../field.ts'

/**
 * The constants of Poseidon, drawn as its specification says (Grassi et al., "Poseidon", appendix E): a Grain LFSR in self-shrinking mode that is
 * seeded with the parameters. A few milliseconds in place of 100 KB of digits; circomlib's tables hold the same numbers.
 */
export interface PoseidonConstants {
  /** For each round one constant a word. */
  rounds: readonly (readonly bigint[])[]
  /** Row x gives word x of the next state. */
  matrix: readonly (readonly bigint[])[]
}

const FIELD_BITS = 254
const STATE_BITS = 80
const WARM_UP = 160

/** The constants for a state of `width` words over BN254's scalar field with x⁵ as S-box. */
export function poseidonConstants(width: number, fullRounds: number, partialRounds: number): PoseidonConstants {
  const nextElement = elements(nextBit(width, fullRounds, partialRounds))
  const rounds = Array.from({ length: fullRounds + partialRounds }, () => Array.from({ length: width }, () => nextElement(true)))
  const points = Array.from({ length: 2 * width }, () => nextElement(false))
  // A Cauchy matrix: every square part of it has an inverse, so that the layer mixes as well as any can.
  const matrix = points.slice(0, width).map((x) => points.slice(width).map((y) => inverse(x + y)))
  return { rounds, matrix }
}

function nextBit(width: number, fullRounds: number, partialRounds: number): () => number {
  const seed = [
    [1, 2],
    [0, 4],
    [FIELD_BITS, 12],
    [width, 12],
    [fullRounds, 10],
    [partialRounds, 10],
    [2 ** 30 - 1, 30],
  ]
  const state = Uint8Array.from(seed.flatMap(([value, bits]) => [...value!.toString(2).padStart(bits!, '0')].map(Number)))
  let start = 0
  const tap = (offset: number) => state[(start + offset) % STATE_BITS]!
  const clock = () => {
    const bit = tap(62) ^ tap(51) ^ tap(38) ^ tap(23) ^ tap(13) ^ tap(0)
    state[start] = bit
    start = (start + 1) % STATE_BITS
    return bit
  }
  for (let i = 0; i < WARM_UP; i++) clock()
  // Of each pair of bits the second counts, where the first is 1.
  return () => {
    while (clock() === 0) clock()
    return clock()
  }
}

/** Elements of 254 bits; with `reject`, those that are not below the order are drawn again. */
function elements(bit: () => number): (reject: boolean) => bigint {
  const digits = new Array<number>(FIELD_BITS)
  return (reject) => {
    for (;;) {
      for (let i = 0; i < FIELD_BITS; i++) digits[i] = bit()
      const value = BigInt(`0b${digits.join('')}`)
      if (!reject) return value % FIELD_ORDER
      if (value < FIELD_ORDER) return value
    }
  }
}

function inverse(value: bigint): bigint {
  let [a, b] = [value % FIELD_ORDER, FIELD_ORDER]
  let [x, y] = [1n, 0n]
  while (b !== 0n) {
    const quotient = a / b
    ;[a, b] = [b, a - quotient * b]
    ;[x, y] = [y, x - quotient * y]
  }
  return x < 0n ? x + FIELD_ORDER : x
}
