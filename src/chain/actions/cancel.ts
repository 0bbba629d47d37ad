import type { ActionOptions, ChainOutcome, EscrowId } from '../../ports.ts'
import { type ActionComponents, act } from './act.ts'

/** Takes a Job back that nobody has engaged in; its price becomes the requester's credit. */
export function cancel(components: ActionComponents, escrowId: EscrowId, options?: ActionOptions): Promise<ChainOutcome> {
  const isDone = async (at: ActionOptions) => (await components.state.job(escrowId, at))?.state === 'cancelled'
  return act(components, { name: 'cancel', args: [escrowId], isDone }, options)
}
