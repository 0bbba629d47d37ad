import { Command } from 'commander'
import { act, examples } from '../act.ts'
import { formatTokens } from '../amounts.ts'
import type { Context } from '../context.ts'
import { jobIdArgument } from '../job-id.ts'
import { addSettings } from '../options.ts'
import { safe } from '../render/style.ts'
import { withClient } from '../with-client.ts'

export function cancelCommand(): Command {
  const command = new Command('cancel')
    .description('cancel a Job that this machine placed: peers stop at their next MicroJob; a paid one only before its work has begun')
    .addArgument(jobIdArgument())
    .action(act(cancel))
  examples(command, [
    ['minga cancel 3f9a… -b /ip4/…/p2p/…', 'a Job that pays nothing'],
    ['minga cancel 3f9a… --chain-file devnet.json', 'a paid one; its price becomes credit of the wallet that placed it'],
  ])
  return addSettings(addSettings(command, 'network'), 'chain')
}

async function cancel(context: Context, jobId: string): Promise<undefined> {
  const { refundedWei } = await withClient(context, (client) => client.cancel(jobId, { signal: context.signal }))
  const back = refundedWei === 0n ? '' : `\n${formatTokens(refundedWei)} tokens are its wallet’s credit (minga wallet withdraw --client)`
  context.output.result({ jobId, state: 'cancelled', refundedWei }, () => `cancelled ${safe(jobId, 80)}${back}`)
}
