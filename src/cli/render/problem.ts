import { EXIT, type ExitCode, MingaError } from '../../errors.ts'
import type { Diagnostic } from '../../ports.ts'
import { type Style, visible } from './style.ts'

/** An error as the command line tells it. */
export interface Problem {
  name: string
  message: string
  hint: string | undefined
  exitCode: ExitCode
  /** Of a compiler, where the error carries some. */
  diagnostics: readonly Diagnostic[]
  /** Where it comes from; only for errors that nobody expected. */
  stack: string | undefined
}

/** What a reader, a script and the shell need to know of any thrown value. */
export function toProblem(error: unknown): Problem {
  if (error instanceof MingaError) {
    const { name, message, hint, exitCode } = error
    return { name, message, hint, exitCode, diagnostics: diagnosticsOf(error), stack: undefined }
  }
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error))
  const hint = 'this is a mistake in Minga itself: please report it with these lines'
  return { name, message: `expected no such error, found ${name}: ${message}`, hint, exitCode: EXIT.jobFailed, diagnostics: [], stack }
}

function diagnosticsOf(error: object): readonly Diagnostic[] {
  return 'diagnostics' in error && Array.isArray(error.diagnostics) ? error.diagnostics : []
}

/** For a reader: what was expected and found, the compiler's words line by line, and what to do. */
export function renderProblem({ message, hint, diagnostics, stack }: Problem, style: Style): string {
  const lines = [
    `${style.red('minga:')} ${message.split('\n').map(visible).join('\n')}`,
    ...diagnostics.map((found) => renderDiagnostic(found, style)),
  ]
  if (hint !== undefined) lines.push(`  ${style.cyan('→')} ${visible(hint)}`)
  if (stack !== undefined) lines.push(style.dim(stack.split('\n').slice(1).join('\n')))
  return `${lines.join('\n')}\n`
}

/** `12:5 error: …`, the place left out where it is unknown; further lines of the compiler's words stand under it. */
export function renderDiagnostic({ severity, message, line, column }: Diagnostic, style: Style): string {
  const paint = severity === 'error' ? style.red : severity === 'warning' ? style.yellow : style.dim
  return `  ${line === 0 ? '' : `${line}:${column} `}${paint(`${severity}:`)} ${message.split('\n').map(visible).join('\n    ')}`
}

/** For a script: one line of JSON. */
export function problemToJson({ name, message, hint, exitCode, diagnostics }: Problem): string {
  return `${JSON.stringify({ error: { name, message, hint, exitCode, ...(diagnostics.length === 0 ? {} : { diagnostics }) } })}\n`
}
