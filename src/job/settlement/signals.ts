import type { Shape } from './size-classes.ts'

/**
 * What circuit, contract and peers must agree on, named once: the order of the public signals, and the layout of D, the settlement's calldata.
 * D is the header, then (validator, verdict) of each MacroJob, then (wallet, count) of each payee; all of them field elements.
 */

/** The proof's public signals in their order: hash of D, the point at which D is evaluated, and its value there. */
export const PUBLIC_SIGNALS = ['C', 'z', 'y'] as const

export const HEADER = ['seedCommitment', 'jobId', 'root', 'beacon', 'firstMacro', 'macroJobs', 'microJobs', 'blocks'] as const

/** A count is processed MicroJobs + 2³² × validated MacroJobs. */
export const VALIDATION_WEIGHT = 1n << 32n

export type Header = Record<(typeof HEADER)[number], bigint>

export interface MacroRow {
  /** The wallet that validated it; 0 where the MacroJob is not counted. */
  validator: bigint
  /** The opened block element; 0 where the MacroJob is not counted. */
  verdict: bigint
}

export interface Payee {
  wallet: bigint
  processed: number
  validated: number
}

/** D as its parts, without the rows of zeros at the end of each list. */
export interface Statement extends Header {
  macros: readonly MacroRow[]
  payees: readonly Payee[]
}

/** The elements of D in a circuit of this shape. */
export function lengthOfD({ macroJobs, payees }: Shape): number {
  return HEADER.length + 2 * macroJobs + 2 * payees
}

/** The name of each element of D, in its order. */
export function namesOfD({ macroJobs, payees }: Shape): string[] {
  const macros = Array.from({ length: macroJobs }, (_, i) => [`validator_${i}`, `verdict_${i}`])
  const rows = Array.from({ length: payees }, (_, w) => [`wallet_${w}`, `count_${w}`])
  return [...HEADER, ...macros.flat(), ...rows.flat()]
}

/** D, padded with zeros to the circuit's shape. */
export function encodeD(shape: Shape, statement: Statement): bigint[] {
  const macros = padded(statement.macros, shape.macroJobs, { validator: 0n, verdict: 0n })
  const payees = padded(statement.payees, shape.payees, { wallet: 0n, processed: 0, validated: 0 })
  return [
    ...HEADER.map((name) => statement[name]),
    ...macros.flatMap(({ validator, verdict }) => [validator, verdict]),
    ...payees.flatMap(({ wallet, processed, validated }) => [wallet, countOf(processed, validated)]),
  ]
}

export function countOf(processed: number, validated: number): bigint {
  return BigInt(processed) + BigInt(validated) * VALIDATION_WEIGHT
}

/** `list` with copies of `filler` up to `length`. */
export function padded<T>(list: readonly T[], length: number, filler: T): T[] {
  return [...list, ...new Array<T>(Math.max(0, length - list.length)).fill(filler)]
}
