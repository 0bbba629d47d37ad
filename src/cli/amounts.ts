import { InvalidArgumentError } from 'commander'
import { DECIMALS, formatTokens } from '../job/tokens.ts'

export { formatTokens }

/** An amount in the smallest unit, from text such as `12.5` or `300000wei`. For commander. */
export function parseTokens(text: string): bigint {
  const wei = /^(\d{1,78}) ?wei$/.exec(text)?.[1]
  if (wei !== undefined) return BigInt(wei)
  const [, whole, part = ''] = /^(\d{1,60})(?:\.(\d{1,18}))?$/.exec(text) ?? []
  if (whole === undefined) throw new InvalidArgumentError('expected an amount of tokens such as 12.5, or whole units such as 300wei')
  return BigInt(whole) * 10n ** BigInt(DECIMALS) + BigInt(part.padEnd(DECIMALS, '0'))
}

/** The escrow keeps bonds in 96 bits. */
const BOND_END_WEI = 1n << 96n

/** An amount to bond, or to ask back of a bond. For commander. */
export function parseBond(text: string): bigint {
  const wei = parseTokens(text)
  if (wei === 0n) throw new InvalidArgumentError('expected more than nothing')
  if (wei >= BOND_END_WEI)
    throw new InvalidArgumentError(`expected an amount that a bond can have, at most ${formatTokens(BOND_END_WEI - 1n)} tokens`)
  return wei
}
