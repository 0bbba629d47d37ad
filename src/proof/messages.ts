import type { ProofInput, ProofStep } from '../ports.ts'

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

/** Affine coordinates in decimal digits; of each in b the real part comes first. */
export interface RawProof {
  a: string[]
  b: string[][]
  c: string[]
}

export type FromProver =
  | { kind: 'ready' }
  | { kind: 'step'; step: Exclude<ProofStep, 'check'> }
  | { kind: 'proof'; proof: RawProof; publicSignals: string[] }
  | { kind: 'wrong-artifact'; path: string; expected: string; found: string }
  | { kind: 'refused'; reason: string }
  | { kind: 'failed'; reason: string }
