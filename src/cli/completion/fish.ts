import type { CommandWords } from './words.ts'

/** Completions for fish. */
export function fishScript(commands: readonly CommandWords[]): string {
  const lines = commands.flatMap(({ name, options, choices }) => {
    const when = name === '' ? '__fish_use_subcommand' : `__fish_seen_subcommand_from ${name}`
    const words = name === '' ? [] : choices.map((choice) => `complete -c minga -n ${quote(when)} -f -a ${quote(choice)}`)
    return [...words, ...options.map((option) => optionLine(when, option))]
  })
  const names = commands
    .filter(({ name }) => name !== '')
    .map(({ name, about }) => `complete -c minga -n __fish_use_subcommand -f -a ${name} -d ${quote(about)}`)
  return `# fish completion of minga\n${[...names, ...new Set(lines)].join('\n')}\n`
}

function optionLine(when: string, { long, about, takesValue, choices }: CommandWords['options'][number]): string {
  const value = choices.length > 0 ? ` -x -a ${quote(choices.join(' '))}` : takesValue ? ' -r' : ''
  return `complete -c minga -n ${quote(when)} -l ${long.slice(2)}${value} -d ${quote(about)}`
}

const quote = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
