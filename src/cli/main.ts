import { CommanderError } from 'commander'
import { EXIT } from '../errors.ts'
import { presentationOf } from './context.ts'
import { UsageError } from './errors.ts'
import { createProgram } from './program.ts'
import { problemToJson, renderProblem, toProblem } from './render/problem.ts'

/** Runs one command line (without node and script) and ends the process with its exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  const program = createProgram()
  const fail = (error: unknown) => {
    const { isJson, style } = presentationOf(program)
    const problem = toProblem(error)
    process.stderr.write(isJson ? problemToJson(problem) : renderProblem(problem, style))
    return problem.exitCode
  }
  // What escapes every handler is a mistake of ours: told like any other, and the process does not live on half broken.
  process.on('uncaughtException', (error) => process.exit(fail(error)))
  // `minga jobs | head`: nobody reads on, which is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => (error.code === 'EPIPE' ? process.exit(EXIT.ok) : process.exit(fail(error))))

  let exitCode: number
  try {
    await program.parseAsync(argv, { from: 'user' })
    exitCode = Number(process.exitCode ?? EXIT.ok)
  } catch (error) {
    exitCode = isHelp(error) ? EXIT.ok : fail(error instanceof CommanderError ? toUsageError(error) : error)
  }
  // A pipe may not have taken everything yet, and process.exit would cut it off.
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()))
  process.exit(exitCode)
}

function isHelp(error: unknown): boolean {
  return error instanceof CommanderError && error.exitCode === 0
}

function toUsageError({ code, message }: CommanderError): UsageError {
  if (code === 'commander.help') {
    const [asked, name] = process.argv.slice(2)
    const found = asked === 'help' && name !== undefined ? name : 'none'
    return new UsageError({ message: `expected a command, found ${found}`, hint: 'the help above lists them' })
  }
  const [, text = message, suggestion] = /^(?:error: )?([^\n]*)(?:\n\((.*)\))?$/s.exec(message) ?? []
  return new UsageError({ message: text, hint: suggestion ?? '`minga --help` lists the commands, `minga <command> --help` explains one' })
}
