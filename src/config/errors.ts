import { EXIT, MingaError } from '../errors.ts'

/** One thing wrong with the configuration. */
export interface ConfigProblem {
  /** Where the value stands: a flag, a variable, or the file and the key in it. */
  where: string
  /** What was expected and what was found. */
  message: string
}

/** The flags, the variables or the configuration file hold something that cannot be used; `problems` lists all of it. */
export class ConfigInvalidError extends MingaError {
  override readonly name = 'ConfigInvalidError'
  readonly exitCode = EXIT.usage
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    super({
      message: `the configuration has ${problems.length} problem${problems.length === 1 ? '' : 's'}:\n${problems
        .map(({ where, message }) => `  ${where}: ${message}`)
        .join('\n')}`,
      hint: '`minga config` shows every setting, its value and where it came from',
    })
    this.problems = problems
  }
}
