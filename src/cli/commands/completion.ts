import { Argument, Command } from 'commander'
import { examples } from '../act.ts'
import { bashScript } from '../completion/bash.ts'
import { fishScript } from '../completion/fish.ts'
import { describeCommands } from '../completion/words.ts'
import { zshScript } from '../completion/zsh.ts'

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const

export function completionCommand(): Command {
  const command = new Command('completion')
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>').choices(Object.keys(SCRIPTS)))
    .action((shell: keyof typeof SCRIPTS, _options: unknown, self: Command) => {
      process.stdout.write(SCRIPTS[shell](describeCommands(self.parent!)))
    })
  return examples(command, [
    ['source <(minga completion bash)', 'in ~/.bashrc'],
    ['minga completion zsh > ~/.zfunc/_minga', 'with ~/.zfunc in fpath'],
    ['minga completion fish > ~/.config/fish/completions/minga.fish', 'for fish'],
  ])
}
