import type { ActionOptions, AttemptRef, ChainOutcome } from '../../ports.ts'
import { type ActionComponents, act } from './act.ts'

/** Writes an attempt's beacon down while the chain still knows its block. Too early is refused as BeaconAhead, too late as BeaconLost. */
export function pinBeacon(components: ActionComponents, at: AttemptRef, options?: ActionOptions): Promise<ChainOutcome> {
  const isDone = async (when: ActionOptions) => (await components.state.attempt(at, when))?.beacon !== undefined
  return act(components, { name: 'pinBeacon', args: [at.escrowId, at.chunk, at.attempt], isDone }, options)
}
