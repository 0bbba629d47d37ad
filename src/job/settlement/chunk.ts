import { fieldToHex, hexToField } from '../field.ts'
import { microJobIds } from '../ids.ts'
import { InvalidChunkError } from './errors.ts'
import { fieldElement, walletElement, wideHash } from './hashes.ts'
import { padded } from './signals.ts'
import { MAX_BLOCKS, type Shape } from './size-classes.ts'

/** One committed MicroJob. */
export interface Slot {
  /** What `leafOf` gives for the worker's wallet and elements. */
  leaf: bigint
  wallet: bigint
}

/** What makes a MacroJob count. */
export interface Counted {
  validator: bigint
  /** The 16 elements of the MicroJob that `drawOpenings` names. */
  opened: readonly bigint[]
}

export interface ChunkMacroJob {
  /** One a MicroJob; empty where the MacroJob is in no attempt any more. */
  slots: readonly Slot[]
  /** Absent where this settlement does not pay it. */
  counted?: Counted | undefined
}

/** The MacroJobs that share a root. */
export interface SettlementChunk {
  seed: bigint
  jobId: bigint
  beacon: bigint
  firstMacro: number
  /** Processing MicroJobs in each MacroJob. */
  microJobs: number
  /** Blocks in each MicroJob. */
  blocks: number
  macroJobs: readonly ChunkMacroJob[]
}

const EMPTY: Slot = { leaf: 0n, wallet: 0n }
/** Far above any Job's MacroJobs, and far below where id inputs would meet. */
const MAX_FIRST_MACRO = 2 ** 31

/** The root over a chunk's leaves, in a circuit of this shape. Throws InvalidChunkError. About 3 ms for 8 MicroJobs. */
export function chunkRoot(shape: Shape, chunk: Omit<SettlementChunk, 'beacon' | 'jobId'>): bigint {
  checkShape(shape, chunk)
  const rows = chunk.macroJobs.map(({ slots }, i) => {
    const ids = microJobIds({ seed: fieldToHex(chunk.seed) }, chunk.firstMacro + i, chunk.microJobs)
    return rowHash(shape, `macroJobs.${i}`, padded(slots, chunk.microJobs, EMPTY), ids)
  })
  return wideHash(padded(rows, shape.macroJobs, 0n))
}

/** A slot is (id + leaf, wallet): the id is fixed by the seed, so the sum binds the leaf to its place. */
function rowHash(shape: Shape, path: string, slots: readonly Slot[], ids: readonly string[]): bigint {
  const elements = slots.flatMap(({ leaf, wallet }, j) => {
    const place = hexToField(ids[j] as string) + fieldElement(`${path}.slots.${j}.leaf`, leaf)
    return [place, walletElement(`${path}.slots.${j}.wallet`, wallet)]
  })
  return wideHash(padded(elements, 2 * shape.microJobs, 0n))
}

/** Throws InvalidChunkError where the chunk does not fit the shape. */
export function checkShape(shape: Shape, chunk: Omit<SettlementChunk, 'beacon' | 'jobId'>): void {
  fieldElement('seed', chunk.seed)
  whole('firstMacro', chunk.firstMacro, 0, MAX_FIRST_MACRO)
  whole('microJobs', chunk.microJobs, 1, shape.microJobs)
  whole('blocks', chunk.blocks, 1, MAX_BLOCKS)
  whole('macroJobs.length', chunk.macroJobs.length, 1, shape.macroJobs)
  for (const [i, { slots, counted }] of chunk.macroJobs.entries()) {
    if (slots.length !== chunk.microJobs && (slots.length > 0 || counted !== undefined)) {
      throw new InvalidChunkError(`macroJobs.${i}.slots`, `${chunk.microJobs} slots`, String(slots.length))
    }
  }
}

function whole(path: string, value: number, from: number, to: number): void {
  if (!Number.isInteger(value) || value < from || value > to)
    throw new InvalidChunkError(path, `a whole number ${from} … ${to}`, String(value))
}
