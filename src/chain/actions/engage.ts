import type { ActionOptions, ChainOutcome, EscrowId } from '../../ports.ts'
import { type ActionComponents, act } from './act.ts'

/** Says that work has begun, whoever says it first. */
export function engage(components: ActionComponents, escrowId: EscrowId, options?: ActionOptions): Promise<ChainOutcome> {
  const isDone = async (at: ActionOptions) => ['working', 'settled'].includes((await components.state.job(escrowId, at))?.state ?? '')
  return act(components, { name: 'engage', args: [escrowId], isDone }, options)
}
