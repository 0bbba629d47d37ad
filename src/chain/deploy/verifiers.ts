import { DEVELOPMENT_CHAIN_ID } from '../../job/development-chain.ts'
import type { SizeClassName } from '../../job/settlement/size-classes.ts'
import verifier4x4 from './artifacts/Verifier4x4.json' with { type: 'json' }
import verifier5x10 from './artifacts/Verifier5x10.json' with { type: 'json' }
import verifier8x8 from './artifacts/Verifier8x8.json' with { type: 'json' }
import verifier16x16 from './artifacts/Verifier16x16.json' with { type: 'json' }
import { InsecureVerifierError } from './errors.ts'

/** A compiled verifier of one size class. */
export interface VerifierArtifact {
  sizeClass: SizeClassName
  /** True where anybody can forge proofs that it accepts. */
  insecure: boolean
  /** SHA-256 of the verification key; `0x` and 64 hexadecimal digits. */
  verificationKeyHash: string
  bytecode: string
}

/** Verifiers of the development key, the smallest size class first: the order of the escrow's size classes. */
export const DEVELOPMENT_VERIFIERS = [verifier4x4, verifier5x10, verifier8x8, verifier16x16] as readonly VerifierArtifact[]

/** Throws InsecureVerifierError where one of `verifiers` is the development key's, whatever it says of itself, and the chain is not for development. */
export function checkVerifiers(chainId: number, verifiers: readonly VerifierArtifact[]): void {
  if (chainId === DEVELOPMENT_CHAIN_ID) return
  for (const { sizeClass, insecure, verificationKeyHash, bytecode } of verifiers) {
    const known = DEVELOPMENT_VERIFIERS.some(
      (pinned) => pinned.verificationKeyHash === verificationKeyHash.toLowerCase() || pinned.bytecode === bytecode.toLowerCase(),
    )
    if (insecure || known) throw new InsecureVerifierError(chainId, sizeClass)
  }
}
