import { Command } from 'commander'
import { act } from '../act.ts'
import type { Context } from '../context.ts'
import { addSettings } from '../options.ts'
import { safe } from '../render/style.ts'
import { renderTable } from '../render/table.ts'
import { withReader } from '../with-client.ts'

export function peersCommand(): Command {
  return addSettings(new Command('peers').description('list the peers that can be reached from here').action(act(peers)), 'network')
}

async function peers(context: Context): Promise<undefined> {
  const { output } = context
  const found = await withReader(context, (client) => client.peers({ signal: context.signal }))
  if (output.isJson) {
    for (const peer of found) output.item(peer, () => undefined)
    return
  }
  const columns = [{ title: 'PEER' }, { title: 'LATENCY', align: 'right' }, { title: 'ADDRESS' }] as const
  const rows = found.map(({ peer, latencyMs, addresses }) => [
    safe(peer, 64),
    latencyMs === undefined ? '–' : `${latencyMs.toFixed(1)} ms`,
    safe(addresses[0] ?? 'not connected', 100),
  ])
  output.result(found, () => (rows.length === 0 ? 'no peers are connected' : renderTable(columns, rows, output.style)))
}
