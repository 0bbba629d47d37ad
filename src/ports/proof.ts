import type { Abortable } from './common.ts'

/** A Groth16 proof over BN254 in the order in which a Solidity verifier takes it: of each coordinate in b the imaginary part comes first. */
export interface Proof {
  a: readonly [bigint, bigint]
  b: readonly [readonly [bigint, bigint], readonly [bigint, bigint]]
  c: readonly [bigint, bigint]
}

/** What a prover is about to do; the steps come in this order, and `points` is the longest. */
export type ProofStep = 'artifacts' | 'witness' | 'polynomials' | 'points' | 'check'

/** Named inputs of a circuit as decimal digits, lists of them, and so on: plain JSON. */
export type ProofInput = Readonly<Record<string, unknown>>

/** Makes and checks proofs for circuits that it knows by name (`5x10`). */
export interface Prover {
  /**
   * A proof that was verified before it is returned, its public signals, and how long it took in milliseconds once its turn had come. An abort ends the work at once and rejects with the signal's reason.
   * Throws UnknownCircuitError, WrongArtifactError, WitnessRefusedError, ProverCrashedError, ProverTimeoutError.
   */
  prove(
    circuit: string,
    input: ProofInput,
    options?: Abortable & { onProgress?: (step: ProofStep) => void },
  ): Promise<{ proof: Proof; publicSignals: bigint[]; tookMs: number }>
  /** True where the proof holds for exactly these public signals; false also for malformed ones. Throws UnknownCircuitError. About 50 ms. */
  verify(circuit: string, proof: Proof, publicSignals: readonly bigint[]): boolean
}
