import type { PeerId } from './common.ts'

/** Signs with this peer's Ed25519 key. */
export interface Signer {
  readonly peer: PeerId
  readonly publicKey: Uint8Array
  sign(bytes: Uint8Array): Promise<Uint8Array>
}

/** True where `signature` over `bytes` is of the Ed25519 key `publicKey`; false otherwise, also for malformed input. */
export type VerifySignature = (publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array) => Promise<boolean>
