import type { Proof, ProofInput, ProofStep } from '../ports.ts'

/** A file and the SHA-256 that it must have. */
export interface PinnedFile {
  path: string
  sha256: string
}

/** What the prover's process is asked, once. */
export interface ProveRequest {
  wasm: PinnedFile
  zkey: PinnedFile
  input: ProofInput
}

export type FromProver =
  | { kind: 'ready' }
  | { kind: 'step'; step: Exclude<ProofStep, 'check'> }
  | { kind: 'proof'; proof: Proof; publicSignals: bigint[] }
  | { kind: 'wrong-artifact'; path: string; expected: string; found: string }
  | { kind: 'refused'; reason: string }
  | { kind: 'failed'; reason: string }
