import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesToHex, utf8ToBytes } from './bytes.ts'

const ADDRESS_BYTES = 20

/** The EIP-55 address of an uncompressed public key: 65 bytes, the first of them 4. */
export function addressOfPublicKey(publicKey: Uint8Array): string {
  return checksumAddress(keccak_256(publicKey.subarray(1)).subarray(-ADDRESS_BYTES))
}

/** EIP-55: a digit is a capital where the keccak of the small digits has its high bit set. */
export function checksumAddress(address: Uint8Array): string {
  const digits = bytesToHex(address)
  const hash = bytesToHex(keccak_256(utf8ToBytes(digits)))
  return `0x${Array.from(digits, (digit, index) => (Number.parseInt(hash.charAt(index), 16) >= 8 ? digit.toUpperCase() : digit)).join('')}`
}
