import { EXIT, MingaError } from '../errors.ts'

/** A proof was asked for a circuit that this peer has no key of. */
export class UnknownCircuitError extends MingaError {
  override readonly name = 'UnknownCircuitError'
  readonly exitCode = EXIT.usage
  readonly circuit: string

  constructor(circuit: string, known: readonly string[]) {
    super({
      message: `expected a circuit of ${known.join(', ') || 'none'}, found ${circuit.slice(0, 40)}`,
      hint: 'give the prover the artifacts of that size class',
    })
    this.circuit = circuit
  }
}

/** A file that proofs are made with is not there, or is not the one whose hash is pinned. */
export class WrongArtifactError extends MingaError {
  override readonly name = 'WrongArtifactError'
  readonly exitCode = EXIT.verification
  readonly path: string
  readonly expected: string
  /** The file's SHA-256, or why it could not be read. */
  readonly found: string

  constructor(path: string, expected: string, found: string) {
    super({
      message: `expected ${path} to have SHA-256 ${expected}, found ${found}`,
      hint: 'build the circuits again (`npm run circuits`), or fetch the key that the network uses',
    })
    this.path = path
    this.expected = expected
    this.found = found
  }
}

/** A pinned key (circuits/keys) that is not one. */
export class InvalidPinnedKeyError extends MingaError {
  override readonly name = 'InvalidPinnedKeyError'
  readonly exitCode = EXIT.usage

  constructor(problem: string) {
    super({ message: `expected a pinned key as in circuits/keys, found one with ${problem}`, hint: 'take the file from the release' })
  }
}

/** The circuit has no witness for these inputs: they do not fulfil the statement. */
export class WitnessRefusedError extends MingaError {
  override readonly name = 'WitnessRefusedError'
  readonly exitCode = EXIT.verification
  readonly circuit: string

  constructor(circuit: string, reason: string) {
    super({
      message: `expected inputs that fulfil the statement of ${circuit}, found some that do not: ${reason}`,
      hint: 'settle without the MacroJobs whose openings do not fit',
    })
    this.circuit = circuit
  }
}

/** The prover's process ended without a proof, or with one that does not hold. */
export class ProverCrashedError extends MingaError {
  override readonly name = 'ProverCrashedError'
  readonly exitCode = EXIT.jobFailed

  constructor(how: string) {
    super({ message: `expected a proof, found that the prover ended: ${how}`, hint: 'a proof of 16x16 needs 0.6 GiB of memory; try again' })
  }
}

/** The prover's process had not ended when it had long been due, and was killed. */
export class ProverTimeoutError extends MingaError {
  override readonly name = 'ProverTimeoutError'
  readonly exitCode = EXIT.timeout
  readonly limitMs: number

  constructor(limitMs: number) {
    super({
      message: `expected a proof within ${limitMs / 1000} s, found a prover that had not ended by then; it was killed`,
      hint: 'look whether the machine is short of memory or overloaded; another peer settles meanwhile',
    })
    this.limitMs = limitMs
  }
}

/** The file that names circuits and their keys is not one. */
export class CircuitsFileError extends MingaError {
  override readonly name = 'CircuitsFileError'
  readonly exitCode = EXIT.usage
  readonly file: string

  constructor(file: string, cause: unknown) {
    super({
      message: `expected ${file} to name circuits and their keys, found ${(cause as Error).message.slice(0, 200)}`,
      hint: 'write it anew with `npm run circuits`, or leave --chain-circuits out',
      cause,
    })
    this.file = file
  }
}

/** The escrow checks proofs with another key than this peer would make them for. */
export class ForeignKeyError extends MingaError {
  override readonly name = 'ForeignKeyError'
  readonly exitCode = EXIT.verification
  readonly circuit: string

  constructor(circuit: string, expected: string, found: string) {
    super({
      message: `expected the key of ${circuit} to be the escrow's, ${expected}, found ${found}`,
      hint: 'this peer would make proofs that the escrow refuses: get the keys that belong to this escrow',
    })
    this.circuit = circuit
  }
}

/** A key under which anybody can forge, on a chain with real money. */
export class InsecureKeyError extends MingaError {
  override readonly name = 'InsecureKeyError'
  readonly exitCode = EXIT.verification

  constructor(circuit: string, chainId: number) {
    super({
      message: `expected a key from a ceremony on chain ${chainId}, found the INSECURE development key of ${circuit}`,
      hint: 'do not use this escrow: whoever knows the development string can empty it',
    })
  }
}
