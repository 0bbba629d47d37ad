/** What every error of Minga says. Its class adds a stable `name`, the exit code of the CLI, and the facts as fields. */
export interface MingaErrorInit {
  /** What was expected and what was found, in one sentence. */
  message: string
  /** What the reader should do next, in one sentence. */
  hint?: string
  cause?: unknown
}

/** The CLI's exit codes; `docs/ERRORS.md` explains each. */
export const EXIT = { ok: 0, jobFailed: 1, usage: 2, network: 3, timeout: 4, verification: 5, funds: 6, interrupted: 130 } as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/**
 * The base of all errors of Minga. Inside the house tell errors apart by class, outside by `name`.
 * Each condition has one subclass, in the folder that throws it, with the facts as typed fields.
 */
export abstract class MingaError extends Error {
  /** A literal, and not the name of the class: a minifier renames classes, and both DApps and this house decide by it. */
  abstract override readonly name: string
  /** The exit code that the CLI ends with when this error reaches it. */
  abstract readonly exitCode: ExitCode
  readonly hint: string | undefined

  constructor({ message, hint, cause }: MingaErrorInit) {
    super(message, { cause })
    this.hint = hint
  }

  /** The nearest error in the chain of causes that `matches`, itself included; undefined where there is none. */
  walk(matches: (error: unknown) => boolean): unknown {
    for (let error: unknown = this; error !== undefined; error = error instanceof Error ? error.cause : undefined) {
      if (matches(error)) return error
    }
    return undefined
  }
}

/** Another process works in this data directory. */
export class DataDirectoryInUseError extends MingaError {
  override readonly name = 'DataDirectoryInUseError'
  readonly exitCode: ExitCode = EXIT.usage
  readonly path: string
  /** Process id of the other one; undefined where it left no readable note. */
  readonly pid: number | undefined

  constructor(path: string, pid: number | undefined, cause?: unknown) {
    super({
      message: `The data directory ${path} is in use by ${pid === undefined ? 'another process' : `process ${pid}`}`,
      hint: 'Stop that process, or give this one another directory with --data-dir.',
      cause,
    })
    this.path = path
    this.pid = pid
  }
}
