import { EXIT, MingaError } from '../errors.ts'

/** One thing wrong with a value somebody gave: where it stands, and what was expected there. */
export interface Problem {
  /** Dotted path into the value, `` for the whole. */
  path: string
  message: string
}

/** A Job's description cannot be used; `problems` lists all that is wrong with it, not only the first. */
export class InvalidJobInfoError extends MingaError {
  readonly exitCode = EXIT.usage
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    const list = problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ')
    super({
      message: `the Job's description has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}: ${list}`,
      hint: 'mend them and place the Job again',
    })
    this.problems = problems
  }
}

/** A value of a Job's log that its author had no right to write, or that is no record at all. */
export class UnexpectedRecordError extends MingaError {
  readonly exitCode = EXIT.network
  readonly reason: 'malformed' | 'wrong-key' | 'not-the-requester' | 'wrong-job' | 'wrong-certificate'
  readonly key: string

  constructor(reason: UnexpectedRecordError['reason'], key: string) {
    super({ message: `expected a record of the Job under ${key.slice(0, 80)}, found one that is ${reason}` })
    this.reason = reason
    this.key = key
  }
}
