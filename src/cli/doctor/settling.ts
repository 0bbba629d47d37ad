import type { Config } from '../../config.ts'
import { loadCircuits } from '../core.ts'
import type { Check } from './check.ts'

/** Whether a peer here could settle paid Jobs; nothing to look at where no chain is named. Proves nothing: that takes seconds of all cores. */
export async function checkSettling({ chain }: Config): Promise<Check[]> {
  const { file, rpc, escrow, circuits } = chain
  if (file === undefined && rpc.length === 0 && escrow === undefined) return []
  const name = 'settling'
  if (circuits === undefined) {
    const found = 'no circuits: a peer works and is paid, and other peers settle its paid Jobs'
    return [
      {
        name,
        status: 'warn',
        found,
        fix: 'name the circuits of this chain with --chain-circuits, to earn what settling pays',
        facts: { circuits: [] },
      },
    ]
  }
  const read = await loadCircuits()
  try {
    const names = Object.keys(await read(circuits))
    return [{ name, status: 'ok', found: `paid Jobs of the sizes ${names.join(', ')}`, facts: { circuits: names } }]
  } catch (error) {
    const { message, hint } = error as Error & { hint?: string }
    return [{ name, status: 'fail', found: message, fix: hint ?? 'leave --chain-circuits out', facts: { circuits: [] } }]
  }
}
