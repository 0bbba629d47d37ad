import { Command } from 'commander'
import { act, examples } from '../act.ts'
import { follow } from '../follow.ts'
import { jobIdArgument } from '../job-id.ts'
import { addSettings } from '../options.ts'
import { withReader } from '../with-client.ts'

export function watchCommand(): Command {
  const command = new Command('watch')
    .description('show a Job live until it ends: who computes which MicroJob, and what was agreed')
    .addArgument(jobIdArgument())
    .action(
      act(async (context, jobId: string) =>
        withReader(context, (client) => follow(context, jobId, client.watch(jobId, { signal: context.signal }))),
      ),
    )
  examples(command, [
    ['minga watch <jobId> --json', 'one JSON object an event'],
    ['minga watch <jobId> --chain-file devnet.json', 'a paid Job: what is agreed stands on its chain'],
  ])
  return addSettings(addSettings(command, 'network'), 'chain')
}
