import type { CommandWords } from './words.ts'

/** A completion function for zsh, to be found in fpath as \`_minga\`, or sourced. */
export function zshScript(commands: readonly CommandWords[]): string {
  const cases = commands.map((command) => {
    const options = command.options.map(({ long, about, takesValue, choices }) => {
      const value = choices.length > 0 ? `:value:(${choices.join(' ')})` : takesValue ? ':value:_files' : ''
      return `      ${quote(`${long}[${about.replaceAll(/[[\]]/g, ' ')}]${value}`)}`
    })
    const rest =
      command.name === ''
        ? "'1:command:->commands'"
        : command.choices.length > 0
          ? quote(`*:value:(${command.choices.join(' ')})`)
          : "'*:file:_files'"
    return `    ${command.name === '' ? "''" : command.name}) _arguments -S \\\n${[...options, `      ${rest}`].join(' \\\n')} ;;`
  })
  const names = commands.filter(({ name }) => name !== '').map(({ name, about }) => `    ${quote(`${name}:${about}`)}`)
  return `#compdef minga
# zsh completion of minga
_minga() {
  local state command='' at
  local -a commands=(
${names.join('\n')}
  )
  for at in \${words[2,CURRENT-1]}; do
    if (( \${commands[(I)$at:*]} )); then command=$at; break; fi
  done
  case $command in
${cases.join('\n')}
  esac
  if [[ $state == commands ]]; then _describe command commands; fi
}
if [[ $funcstack[1] == _minga ]]; then _minga "$@"; else compdef _minga minga; fi
`
}

const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
