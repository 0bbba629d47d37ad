import type { SettlementChunk } from './chunk.ts'
import type { PublicSignals } from './public-signals.ts'
import type { Settlement } from './settle.ts'
import { padded } from './signals.ts'
import { MAX_BLOCKS, type Shape } from './size-classes.ts'

type Numbers = string | readonly Numbers[]

/** The inputs of circuits/settlement.circom by name, as decimal digits: plain JSON, so that it travels to a prover of any kind. */
export type CircuitInput = Record<string, Numbers>

/** The inputs that prove `settlement` of `chunk`. */
export function circuitInput(shape: Shape, chunk: SettlementChunk, { statement }: Settlement, signals: PublicSignals): CircuitInput {
  const { macros, payees, ...header } = statement
  const columns = padded(payees, shape.payees, { wallet: 0n, processed: 0, validated: 0 })
  const rows = padded(chunk.macroJobs, shape.macroJobs, { slots: [] })
  const slots = rows.map((row) => padded(row.slots, shape.microJobs, { leaf: 0n, wallet: 0n }))
  const noOpening = new Array<bigint>(MAX_BLOCKS).fill(0n)
  const values = {
    C: signals.c,
    z: signals.z,
    y: signals.y,
    ...header,
    validator: padded(
      macros.map(({ validator }) => validator),
      shape.macroJobs,
      0n,
    ),
    wallet: columns.map(({ wallet }) => wallet),
    processed: columns.map(({ processed }) => processed),
    validated: columns.map(({ validated }) => validated),
    seed: chunk.seed,
    counted: rows.map(({ counted }) => (counted === undefined ? 0 : 1)),
    leaf: slots.map((row) => row.map(({ leaf }) => leaf)),
    worker: slots.map((row) => row.map(({ wallet }) => wallet)),
    opened: rows.map(({ counted }) => counted?.opened ?? noOpening),
  }
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, digits(value)]))
}

type Values = bigint | number | readonly Values[]

function digits(value: Values): Numbers {
  return typeof value === 'object' ? value.map(digits) : value.toString()
}
