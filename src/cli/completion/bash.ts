import type { CommandWords } from './words.ts'

/** A completion for bash 4 or newer; words that are neither commands nor flags are completed as files. */
export function bashScript(commands: readonly CommandWords[]): string {
  const cases = commands.map(({ name, options, choices }) => {
    const words = [...choices, ...options.map(({ long }) => long)].join(' ')
    return `    ${name === '' ? "''" : name}) words="${words}" ;;`
  })
  const values = new Map(
    commands.flatMap(({ options }) => options.filter(({ choices }) => choices.length > 0).map((option) => [option.long, option.choices])),
  )
  const valueCases = [...values].map(
    ([long, choices]) => `    ${long}) COMPREPLY=($(compgen -W "${choices.join(' ')}" -- "$word")); return ;;`,
  )
  const names = commands.flatMap(({ name }) => (name === '' ? [] : [name])).join('|')
  return `# bash completion of minga
_minga() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" command='' words='' at
  COMPREPLY=()
  for at in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$at" in ${names}) command="$at"; break ;; esac
  done
  case "$before" in
${valueCases.join('\n')}
  esac
  case "$command" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _minga minga
`
}
