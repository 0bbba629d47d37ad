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
    super({ message: `the Job's description has ${problems.length} problem(s): ${list}`, hint: 'mend them and place the Job again' })
    this.problems = problems
  }
}
