import type { ActionOptions, ChainOutcome, Settlement } from '../../ports.ts'
import { type ActionComponents, act } from './act.ts'

/** Pays the counted MacroJobs. Done where all of them are settled, by whomever; where some are, the contract refuses. */
export function settle(components: ActionComponents, settlement: Settlement, options?: ActionOptions): Promise<ChainOutcome> {
  const { escrowId, chunk, attempt, ...rest } = settlement
  const isDone = async (at: ActionOptions) => {
    const settled = await components.state.settled(escrowId, chunk, at)
    return (settled & settlement.counted) === settlement.counted
  }
  return act(components, { name: 'settle', args: [escrowId, chunk, attempt, rest], isDone }, options)
}
