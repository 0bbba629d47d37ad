import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { carryOn } from '../../launcher.ts'
import { UsageError } from '../errors.ts'

/*
 * The benchmark drives whole processes from outside, so it is a program of its own, beside the sources. It gets all arguments as they are, `--help` included
 * (program.ts).
 */

export function benchCommand(): Command {
  return scriptCommand('bench', 'measure this machine: figures beside their limits, as a table and JSON')
}

function scriptCommand(name: string, about: string): Command {
  return new Command(name)
    .description(about)
    .argument('[options...]', 'handed on as they are')
    .allowUnknownOption()
    .action((args: string[], _options: unknown, command: Command) => {
      const json = command.optsWithGlobals<{ json?: boolean }>().json ? ['--json'] : []
      carryOn(process.execPath, findScript(name), [...json, ...args])
      // The process ends with the script.
      return new Promise(() => {})
    })
}

function findScript(name: string): string {
  const script = [`scripts/${name}/main.ts`, `scripts/${name}.ts`]
    .map((path) => fileURLToPath(new URL(`../../../${path}`, import.meta.url)))
    .find((path) => existsSync(path))
  // Node runs no TypeScript below node_modules, and the package has no scripts.
  if (script !== undefined && !script.includes('node_modules')) return script
  throw new UsageError({
    message: `expected the sources of Minga for its ${name}, found only the package`,
    hint: `clone the repository and run \`npm run ${name}\` there`,
  })
}
