import { FIELD_ORDER } from '../field.ts'
import { type PoseidonConstants, poseidonConstants } from './grain.ts'

/** Words besides the capacity word. */
export const RATE = 16

const FULL_ROUNDS = 8
/** The specification's number for this width and 128 bits of security, rounded up as in circomlib's table. */
const PARTIAL_ROUNDS = 68

let constants: PoseidonConstants | undefined

/**
 * Word 0 of Poseidon's permutation of width 17 over (`capacity`, the 16 `words`): circomlib's PoseidonEx(16, 1) with that initial state.
 * poseidon-lite has the same permutation only for a capacity of 0. About 3 ms.
 */
export function permute(capacity: bigint, words: readonly bigint[]): bigint {
  if (words.length !== RATE) throw new RangeError(`expected ${RATE} words, found ${words.length}`)
  constants ??= poseidonConstants(RATE + 1, FULL_ROUNDS, PARTIAL_ROUNDS)
  const { rounds, matrix } = constants
  let state = [capacity, ...words]
  for (const [round, added] of rounds.entries()) {
    state = state.map((word, x) => word + added[x]!)
    const full = round < FULL_ROUNDS / 2 || round >= FULL_ROUNDS / 2 + PARTIAL_ROUNDS
    const boxed = state.map((word, x) => (full || x === 0 ? fifthPower(word) : word))
    state = matrix.map((row) => product(row, boxed))
  }
  return state[0]!
}

function fifthPower(value: bigint): bigint {
  const square = (value * value) % FIELD_ORDER
  return (((square * square) % FIELD_ORDER) * value) % FIELD_ORDER
}

/** One reduction a row: the sum of 17 products is still short. */
function product(row: readonly bigint[], words: readonly bigint[]): bigint {
  let sum = 0n
  for (let x = 0; x < row.length; x++) sum += row[x]! * words[x]!
  return sum % FIELD_ORDER
}
