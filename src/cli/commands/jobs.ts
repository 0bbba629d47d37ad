import { Command } from 'commander'
import { act, examples } from '../act.ts'
import type { Context } from '../context.ts'
import { addSettings } from '../options.ts'
import { safe } from '../render/style.ts'
import { renderTable } from '../render/table.ts'
import { withReader } from '../with-client.ts'

export function jobsCommand(): Command {
  const command = new Command('jobs')
    .description('list the Jobs that are open, as peers around tell, and those placed or followed from here, ended ones too')
    .action(act(jobs))
  examples(command, [
    ['minga jobs --json | jq -c "select(.state == \\"open\\")"', 'those that wait for peers'],
    ['minga jobs --chain-file devnet.json', 'where paid ones stand, too'],
  ])
  return addSettings(addSettings(command, 'network'), 'chain')
}

const UNREAD =
  'where a paid Job stands, its chain alone knows: of those that are `unread` none has said it; give its file with --chain-file, or check that it answers'

async function jobs(context: Context): Promise<undefined> {
  const { output, live, style } = context
  const found = await withReader(context, (client) => client.jobs({ signal: context.signal }))
  if (found.some(({ state }) => state === 'unread')) live.print(`${style.yellow('warning:')} ${UNREAD}\n`)
  if (output.isJson) {
    for (const job of found) output.item(job, () => undefined)
    return
  }
  const columns = [
    { title: 'JOB' },
    { title: 'NAME' },
    { title: 'STATE' },
    { title: 'DONE', align: 'right' },
    { title: 'TOOK PART', align: 'right' },
  ] as const
  const rows = found.map(({ jobId, name, state, done, agreed, total, peers }) => [
    safe(jobId, 80),
    safe(name, 40),
    state,
    `${done}/${total} (${agreed} agreed)`,
    String(peers),
  ])
  output.result(found, () =>
    rows.length === 0 ? 'no open Jobs are known; `minga watch <jobId>` shows one that has ended' : renderTable(columns, rows, output.style),
  )
}
