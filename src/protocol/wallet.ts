import { secp256k1 } from '@noble/curves/secp256k1.js'
import { addressOfPublicKey } from '../job/wallet-address.ts'

/** A fresh 32-byte secp256k1 secret. */
export function randomWalletKey(): Uint8Array {
  return secp256k1.utils.randomSecretKey()
}

/** The EIP-55 address (`0x` and 40 digits in mixed case) of a 32-byte secp256k1 secret. */
export function walletAddress(walletKey: Uint8Array): string {
  return addressOfPublicKey(secp256k1.getPublicKey(walletKey, false))
}
