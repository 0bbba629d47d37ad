import { type ChunkMacroJob, type Counted, checkShape, chunkRoot, type SettlementChunk } from './chunk.ts'
import { type Drawn, drawOpenings, settlementChallenge } from './draw.ts'
import { InvalidChunkError, TooManyPayeesError } from './errors.ts'
import { fieldElement, leafOf, seedCommitmentOf, walletElement, wideHash } from './hashes.ts'
import { payoutsOf } from './payouts.ts'
import { encodeD, type MacroRow, type Statement } from './signals.ts'
import { MAX_BLOCKS, type Shape } from './size-classes.ts'

/** A settlement as far as it does not depend on chain and finisher. */
export interface Settlement {
  statement: Statement
  /** What `settle` of the escrow is told, padded to the circuit's shape. */
  d: bigint[]
  /** The hash of D: the first public signal. */
  c: bigint
  drawn: Drawn[]
}

/**
 * What is to be settled of `chunk`. Everything that the circuit would refuse is refused here, by name: throws InvalidChunkError,
 * TooManyPayeesError.
 */
export function settle(shape: Shape, chunk: SettlementChunk): Settlement {
  checkShape(shape, chunk)
  fieldElement('beacon', chunk.beacon)
  const { seed, jobId, beacon, firstMacro, microJobs, blocks, macroJobs } = chunk
  const root = chunkRoot(shape, chunk)
  const challenge = settlementChallenge(seed, root, beacon)
  const drawn = drawOpenings({ seed, challenge, firstMacro, macroJobs: macroJobs.length, microJobs, blocks })
  const macros = macroJobs.map((macroJob, i) => macroRow(`macroJobs.${i}`, macroJob, drawn[i]!))
  const payees = payoutsOf(macroJobs)
  if (payees.length > shape.payees) throw new TooManyPayeesError(payees.length, shape.payees)
  const statement = {
    seedCommitment: seedCommitmentOf(seed, jobId),
    jobId,
    root,
    beacon,
    firstMacro: BigInt(firstMacro),
    macroJobs: BigInt(macroJobs.length),
    microJobs: BigInt(microJobs),
    blocks: BigInt(blocks),
    macros,
    payees,
  }
  const d = encodeD(shape, statement)
  return { statement, d, c: wideHash(d), drawn }
}

function macroRow(path: string, { slots, counted }: ChunkMacroJob, { micro, block }: Drawn): MacroRow {
  if (counted === undefined) return { validator: 0n, verdict: 0n }
  if (counted.opened.length !== MAX_BLOCKS) {
    throw new InvalidChunkError(`${path}.counted.opened`, `${MAX_BLOCKS} elements`, String(counted.opened.length))
  }
  const { wallet, leaf } = slots[micro]!
  checkWallets(path, slots, counted, wallet)
  if (leafOf(wallet, counted.opened) !== leaf)
    throw new InvalidChunkError(`${path}.counted.opened`, `the opening of slot ${micro}`, 'another')
  const verdict = counted.opened[block]!
  if (verdict === 0n) throw new InvalidChunkError(`${path}.counted.opened.${block}`, 'an element that is not 0', '0')
  return { validator: counted.validator, verdict }
}

function checkWallets(path: string, slots: ChunkMacroJob['slots'], { validator }: Counted, openedWorker: bigint): void {
  walletElement(`${path}.counted.validator`, validator)
  if (validator === 0n) throw new InvalidChunkError(`${path}.counted.validator`, 'a wallet', '0')
  if (validator === openedWorker)
    throw new InvalidChunkError(`${path}.counted.validator`, 'another wallet than that of the opened MicroJob', 'the same')
  // The escrow pays no zero address, and a counted MacroJob is paid as a whole.
  for (const [j, { wallet }] of slots.entries()) {
    if (wallet === 0n) throw new InvalidChunkError(`${path}.slots.${j}.wallet`, 'a wallet', '0')
  }
}
