import type { Command } from 'commander'

export interface OptionWords {
  long: string
  about: string
  /** The values it may have, where they are few and known. */
  choices: readonly string[]
  takesValue: boolean
}

export interface CommandWords {
  name: string
  about: string
  options: readonly OptionWords[]
  /** Its subcommands, and known values of its arguments; empty where they are files or ids. */
  choices: readonly string[]
}

/** Everything that can be completed: the program's own options stand under the name ``. */
export function describeCommands(program: Command): readonly CommandWords[] {
  const shared = optionsOf(program)
  const commands = program.commands.map((command) => ({
    name: command.name(),
    about: command.description(),
    options: [...optionsOf(command), ...shared],
    choices: [
      ...command.commands.map((sub) => sub.name()),
      ...command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
    ],
  }))
  return [{ name: '', about: '', options: shared, choices: commands.map(({ name }) => name) }, ...commands]
}

function optionsOf(command: Command): OptionWords[] {
  return command.options.flatMap(({ long, flags, description }) => {
    if (!long) return []
    const value = /<(.*)>/.exec(flags)?.[1]
    return [{ long, about: description, takesValue: value !== undefined, choices: value?.includes('|') ? value.split('|') : [] }]
  })
}
