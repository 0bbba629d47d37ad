import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { cancelCommand } from './commands/cancel.ts'
import { completionCommand } from './commands/completion.ts'
import { configCommand } from './commands/config.ts'
import { demoCommand } from './commands/demo.ts'
import { devnetCommand } from './commands/devnet.ts'
import { doctorCommand } from './commands/doctor.ts'
import { escrowCommand } from './commands/escrow.ts'
import { jobsCommand } from './commands/jobs.ts'
import { bootstrapCommand, peerCommand } from './commands/peer.ts'
import { peersCommand } from './commands/peers.ts'
import { placeCommand } from './commands/place.ts'
import { resultsCommand } from './commands/results.ts'
import { benchCommand } from './commands/script.ts'
import { walletCommand } from './commands/wallet.ts'
import { watchCommand } from './commands/watch.ts'
import { addSettings } from './options.ts'

const ABOUT = [
  'Minga: machines share GPU work and prove what they did.',
  // One line: commander breaks it where the terminal ends.
  'A Job, a WGSL shader with its data, is cut into MacroJobs, MicroJobs and blocks, spread over peers, computed, re-computed in part by ' +
    'others, and comes back with a signed report of who did what.',
].join('\n\n')

const AFTER = `
First steps:
  minga doctor                        can this machine take part?
  minga demo                          a whole network on this machine
  minga bootstrap                     start a network; prints its addresses
  minga peer -b <address>             join it and compute
  minga place job.json -b <address>   place a Job

Settings: flags > MINGA_* variables > configuration file > defaults; \`minga config\` shows them all.
Results go to stdout, logs and progress to stderr.
Exit codes: 0 ok, 1 Job failed or refuses what was asked, 2 usage, 3 network, 4 timeout, 5 verification refused, 6 funds, 130 interrupted.`

/** All commands. Mistakes are thrown as CommanderError; nothing here ends the process. */
export function createProgram(): Command {
  const program = new Command('minga')
    .description(ABOUT)
    .version(readVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'explain the command')
    .option('--config <file>', 'the configuration file (default: ~/.config/minga/config.json)')
    .addHelpText('after', AFTER)
    .configureHelp({ showGlobalOptions: true })
    // Mistakes are told by main.ts, in one voice with all other errors.
    .configureOutput({ outputError: () => {} })
    .exitOverride()
  addSettings(program, 'common')
  const commands = [
    peerCommand(),
    bootstrapCommand(),
    placeCommand(),
    jobsCommand(),
    watchCommand(),
    resultsCommand(),
    cancelCommand(),
    peersCommand(),
    walletCommand(),
    escrowCommand(),
    devnetCommand(),
    doctorCommand(),
    demoCommand(),
    benchCommand(),
    configCommand(),
    completionCommand(),
  ]
  for (const command of commands) program.addCommand(command)
  bequeath(program)
  // Its own program has its help.
  commands.find((command) => command.name() === 'bench')?.helpOption(false)
  return program
}

/** Commander hands a command's settings on only to commands that it makes itself: one that has none ends the process in its own words. */
function bequeath(command: Command): void {
  for (const sub of command.commands) bequeath(sub.copyInheritedSettings(command))
}

function readVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
