import type { ActionOptions, ChainOutcome } from '../../ports.ts'
import { type ActionComponents, act } from './act.ts'

/** Stakes `amountWei` of the wallet's tokens: permit and bond in one transaction. */
export function bond(components: ActionComponents, amountWei: bigint, options?: ActionOptions): Promise<ChainOutcome> {
  const { permits } = components
  const args = async (at: ActionOptions) => [amountWei, await permits.sign(amountWei, at)]
  return act(components, { name: 'bondWithPermit', args, intent: String(amountWei) }, options)
}

/** Asks `amountWei` of the bond back; it can be had when the contract's delay is over. */
export function requestUnbond(components: ActionComponents, amountWei: bigint, options?: ActionOptions): Promise<ChainOutcome> {
  return act(components, { name: 'requestUnbond', args: [amountWei], intent: String(amountWei) }, options)
}

/** Turns what has left the bond into credit. Throws BondLockedError before its time. */
export function unbond(components: ActionComponents, options?: ActionOptions): Promise<ChainOutcome> {
  return act(components, { name: 'unbond', args: [] }, options)
}
