import type { Abortable, Proof, ProofStep, Prover } from '../../ports.ts'
import type { SettlementChunk } from './chunk.ts'
import { circuitInput } from './circuit-input.ts'
import { publicSignalsOf, type SettlementDomain } from './public-signals.ts'
import { type Settlement, settle } from './settle.ts'
import type { SizeClass } from './size-classes.ts'

/** All that a call of the escrow's `settle` needs. */
export interface ProvenSettlement extends Settlement {
  proof: Proof
  /** C, z, y. */
  publicSignals: bigint[]
  /** Of the proof alone: not the wait for another's turn. */
  tookMs: number
}

/** Proves what `chunk` counts, for one finisher's call of one escrow. Throws what `settle` and `Prover.prove` throw. */
export async function proveChunk(
  prover: Pick<Prover, 'prove'>,
  sizeClass: SizeClass,
  chunk: SettlementChunk,
  domain: SettlementDomain,
  options?: Abortable & { onProgress?: (step: ProofStep) => void },
): Promise<ProvenSettlement> {
  const settlement = settle(sizeClass, chunk)
  const input = circuitInput(sizeClass, chunk, settlement, publicSignalsOf(settlement, domain))
  const proven = await prover.prove(sizeClass.name, input, options)
  return { ...settlement, ...proven }
}
