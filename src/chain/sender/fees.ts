/** What a transaction offers for a unit of gas (EIP-1559). */
export interface Fee {
  /** The most that it pays in all. */
  maxWei: bigint
  /** Of that, what the block's proposer gets. */
  tipWei: bigint
}

export interface FeeLimits {
  capWei: bigint
  /** The most for the proposer. */
  maxTipWei: bigint
}

/** Nodes refuse a replacement that does not offer a tenth more of both; an eighth is above every node's rounding. */
const BUMP = { up: 9n, down: 8n } as const

/**
 * An offer that holds for about six full blocks, each an eighth dearer than the one before; undefined where the base fee alone is above
 * the cap, so that it could not be taken now.
 */
export function feeFor(baseFeeWei: bigint, suggestedTipWei: bigint, { capWei, maxTipWei }: FeeLimits): Fee | undefined {
  if (baseFeeWei > capWei) return undefined
  const tipWei = least(suggestedTipWei, maxTipWei, capWei)
  return { maxWei: least(2n * baseFeeWei + tipWei, capWei), tipWei }
}

/** An offer that a node takes in place of `before`: what the market asks now, and an eighth more at least; undefined above the cap. */
export function replacementFee(before: Fee, market: Fee, { capWei }: FeeLimits): Fee | undefined {
  const maxWei = most(bumped(before.maxWei), market.maxWei)
  const tipWei = most(bumped(before.tipWei), market.tipWei)
  return maxWei > capWei ? undefined : { maxWei, tipWei: least(tipWei, maxWei) }
}

const bumped = (wei: bigint) => (wei * BUMP.up) / BUMP.down + 1n

// biome-ignore lint/complexity/useMathMinMax: Math.min takes no bigint
export const least = (...values: bigint[]): bigint => values.reduce((a, b) => (a < b ? a : b))
// biome-ignore lint/complexity/useMathMinMax: Math.max takes no bigint
export const most = (...values: bigint[]): bigint => values.reduce((a, b) => (a > b ? a : b))
