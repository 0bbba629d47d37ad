import type { ActionOptions, ChainOutcome, EscrowId } from '../../ports.ts'
import { type ActionComponents, act } from './act.ts'

/** After the deadline, turns what a Job still holds into its requester's credit. */
export function refund(components: ActionComponents, escrowId: EscrowId, options?: ActionOptions): Promise<ChainOutcome> {
  const isDone = async (at: ActionOptions) => (await components.state.job(escrowId, at))?.state === 'refunded'
  return act(components, { name: 'refund', args: [escrowId], isDone }, options)
}
