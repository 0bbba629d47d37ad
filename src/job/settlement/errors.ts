import { EXIT, MingaError } from '../../errors.ts'

/** A value of a chunk that cannot be settled as it is: out of its bounds, or not what the statement asks for. */
export class InvalidChunkError extends MingaError {
  override readonly name = 'InvalidChunkError'
  readonly exitCode = EXIT.verification
  /** Dotted path into the chunk, such as `macroJobs.2.counted.validator`. */
  readonly path: string

  constructor(path: string, expected: string, found: string) {
    super({
      message: `cannot settle this chunk: expected ${path} to be ${expected}, found ${found.slice(0, 100)}`,
      hint: 'settle without the MacroJobs concerned, and open them again',
    })
    this.path = path
  }
}

/** More wallets are to be paid than one proof has room for. */
export class TooManyPayeesError extends MingaError {
  override readonly name = 'TooManyPayeesError'
  readonly exitCode = EXIT.verification
  readonly payees: number
  readonly room: number

  constructor(payees: number, room: number) {
    super({
      message: `expected at most ${room} payees in one settlement, found ${payees}`,
      hint: 'settle the chunk in several calls, each counting some of its MacroJobs',
    })
    this.payees = payees
    this.room = room
  }
}

/** A Job's shape fits none of the circuits. */
export class NoSizeClassError extends MingaError {
  override readonly name = 'NoSizeClassError'
  readonly exitCode = EXIT.usage
  readonly macroJobs: number
  readonly microJobs: number

  constructor(macroJobs: number, microJobs: number, largest: string) {
    super({
      message: `expected a chunk of at most ${largest} MacroJobs × MicroJobs, found ${macroJobs}x${microJobs}`,
      hint: 'slice the Job into MacroJobs with fewer MicroJobs, or settle fewer MacroJobs together',
    })
    this.macroJobs = macroJobs
    this.microJobs = microJobs
  }
}
