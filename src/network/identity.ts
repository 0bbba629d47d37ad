import type { PeerId, Signer } from '../ports.ts'

/** Who this peer is: its secret, and what follows from it. */
export interface Identity {
  /** The 32-byte Ed25519 secret (RFC 8032 seed). Never leaves the machine. */
  readonly privateKey: Uint8Array
  readonly publicKey: Uint8Array
  readonly peer: PeerId
  readonly signer: Signer
}

/** The length of an Ed25519 secret, and of its public key. */
export const ED25519_KEY_BYTES = 32
export const ED25519_SIGNATURE_BYTES = 64
