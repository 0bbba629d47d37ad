import { bytesToHex } from '../job/bytes.ts'
import type { WalletSignature } from '../ports.ts'

/** A signature of 64 bytes as the contract takes it (EIP-2098). */
export function shortForm(signature: Uint8Array): WalletSignature {
  return { r: `0x${bytesToHex(signature.subarray(0, 32))}`, vs: `0x${bytesToHex(signature.subarray(32))}` }
}
