/** The token's and Ethereum's own. */
export const DECIMALS = 18

/** An amount for a reader: `12.5`, `0.000000000000000001`. Exact. */
export function formatTokens(wei: bigint): string {
  const digits = wei.toString().padStart(DECIMALS + 1, '0')
  const part = digits.slice(-DECIMALS).replace(/0+$/, '')
  return `${digits.slice(0, -DECIMALS)}${part === '' ? '' : `.${part}`}`
}
