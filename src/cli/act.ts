import type { Command } from 'commander'
import type { ExitCode } from '../errors.ts'
import { type Context, createContext } from './context.ts'

/** What a command does; the exit code is 0 unless it gives another. */
type Action<Args extends unknown[]> = (context: Context, ...args: Args) => Promise<ExitCode | undefined>

/** An action for commander, which calls with the arguments, the options and the command. */
export function act<Args extends unknown[]>(action: Action<Args>): (...all: unknown[]) => Promise<void> {
  return async (...all) => {
    const command = all.at(-1) as Command
    const context = await createContext(command)
    try {
      // An option that stands behind a subcommand and is known to the command above is that one's, for commander.
      const args = [...all.slice(0, -2), command.optsWithGlobals()] as Args
      process.exitCode = (await action(context, ...args)) ?? 0
    } finally {
      context.live.end()
    }
  }
}

/** Examples under a command's help. */
export function examples(command: Command, lines: readonly (readonly [line: string, meaning: string])[]): Command {
  const width = Math.max(...lines.map(([line]) => line.length))
  return command.addHelpText('after', `\nExamples:\n${lines.map(([line, meaning]) => `  ${line.padEnd(width)}  ${meaning}`).join('\n')}`)
}

/** Under the help of a command that serves until it is asked to end: what becomes of its exit code. */
export function ending(command: Command): Command {
  return command.addHelpText(
    'after',
    '\nCtrl-C, SIGTERM or SIGHUP asks it to leave in order, which ends with exit code 0; once more ends it at once, with 130.',
  )
}
