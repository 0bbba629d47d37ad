import { Command } from 'commander'
import { act } from '../act.ts'
import type { Context } from '../context.ts'
import { addSettings } from '../options.ts'
import { safe } from '../render/style.ts'
import { withClient } from '../with-client.ts'

export function cancelCommand(): Command {
  const command = new Command('cancel')
    .description('cancel a Job that this peer placed: peers stop at their next MicroJob')
    .argument('<jobId>')
    .action(act(cancel))
  return addSettings(command, 'network')
}

async function cancel(context: Context, jobId: string): Promise<undefined> {
  await withClient(context, (client) => client.cancel(jobId, { signal: context.signal }))
  context.output.result({ jobId, state: 'cancelled' }, () => `cancelled ${safe(jobId, 80)}`)
}
