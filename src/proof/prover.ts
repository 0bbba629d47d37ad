import { type Logger, silentLogger } from '../log.ts'
import type { Proof, Prover } from '../ports.ts'
import { ProverCrashedError, UnknownCircuitError, WitnessRefusedError, WrongArtifactError } from './errors.ts'
import type { PinnedKey } from './pinned-key.ts'
import { type Outcome, runChild } from './run-child.ts'
import { createTurns } from './turns.ts'
import { verifyGroth16 } from './verify.ts'

/**
 * The largest circuit takes 9 s of CPU on one thread, and a busy machine five times that (docs/SETTLEMENT.md, "What it costs"); six times as much
 * again for a machine that is slower than the one measured. Whoever waits for its turn must not wait for a process that hangs.
 */
const PROVE_LIMIT_MS = 300_000

/** The files of one circuit, and what they must be. */
export interface CircuitFiles {
  /** Path of the program that computes the witness. */
  wasm: string
  /** Path of the proving key. */
  zkey: string
  key: PinnedKey
}

export interface ProverInit {
  /** By the circuit's name. Files are read, and checked against the key's hashes, for each proof. */
  circuits: Readonly<Record<string, CircuitFiles>>
  /** A proof's process is killed after so long. @default 300_000 */
  limitMs?: number
}

/** A prover in a process that lives as long as one proof; one proof at a time. Warns at once of every key under which anybody can forge. */
export function createProver({ logger = silentLogger }: { logger?: Logger }, { circuits, limitMs = PROVE_LIMIT_MS }: ProverInit): Prover {
  const log = logger.child('proof')
  for (const [circuit, { key }] of Object.entries(circuits)) {
    if (key.insecure) log.warn('INSECURE development key: anybody can forge proofs under it', { circuit, key: key.sha256.verificationKey })
  }
  const takeTurn = createTurns()
  const filesOf = (circuit: string) => {
    const files = Object.hasOwn(circuits, circuit) ? circuits[circuit] : undefined
    if (files === undefined) throw new UnknownCircuitError(circuit, Object.keys(circuits))
    return files
  }
  return {
    async prove(circuit, input, { signal, onProgress = () => {} } = {}) {
      const { wasm, zkey, key } = filesOf(circuit)
      const files = { wasm: { path: wasm, sha256: key.sha256.wasm }, zkey: { path: zkey, sha256: key.sha256.zkey } }
      let startedMs = 0
      const child = { ...(signal && { signal }), limitMs, onStep: onProgress }
      const prove = () => {
        startedMs = performance.now()
        return runChild({ ...files, input }, child)
      }
      const outcome = await takeTurn(prove, child)
      const { proof, publicSignals } = proofOf(circuit, outcome)
      onProgress('check')
      if (!verifyGroth16(key.verificationKey, proof, publicSignals)) throw new ProverCrashedError('with a proof that does not hold')
      const tookMs = Math.round(performance.now() - startedMs)
      log.debug('proved', { circuit, ms: tookMs })
      return { proof, publicSignals, tookMs }
    },
    verify: (circuit, proof, publicSignals) => verifyGroth16(filesOf(circuit).key.verificationKey, proof, publicSignals),
  }
}

function proofOf(circuit: string, outcome: Outcome): { proof: Proof; publicSignals: bigint[] } {
  switch (outcome.kind) {
    case 'proof':
      return { proof: outcome.proof, publicSignals: outcome.publicSignals }
    case 'wrong-artifact':
      throw new WrongArtifactError(outcome.path, outcome.expected, outcome.found)
    case 'refused':
      throw new WitnessRefusedError(circuit, outcome.reason)
    case 'failed':
      throw new ProverCrashedError(outcome.reason)
  }
}
