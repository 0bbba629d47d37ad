import { InvalidArgumentError } from 'commander'

/** A wallet's address. For commander. */
export function parseAddress(text: string): string {
  if (/^0x[0-9a-fA-F]{40}$/.test(text)) return text
  throw new InvalidArgumentError('expected an address: 0x and 40 hexadecimal digits')
}
