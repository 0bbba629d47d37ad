import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'

export { bytesToHex, concatBytes, hexToBytes, sha256, utf8ToBytes }

/** Four bytes, big-endian. */
export function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

/** Big-endian. */
export function bytesToBigInt(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${bytesToHex(bytes)}`)
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

/** SHA-256 over the parts, each with its length, under a domain of its own: no two lists of parts give one input. */
export function hashOf(domain: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const framed = parts.flatMap((part) => [uint32(part.length), part])
  return sha256(concatBytes(utf8ToBytes(`minga/${domain}/1\0`), ...framed))
}
