import type { ActionOptions, ChainOutcome } from '../../ports.ts'
import { type ActionComponents, act } from './act.ts'

/** Sends the wallet its credit. Throws InsufficientTokensError where there is none. */
export function withdraw(components: ActionComponents, options?: ActionOptions): Promise<ChainOutcome> {
  return act(components, { name: 'withdraw', args: [] }, options)
}
