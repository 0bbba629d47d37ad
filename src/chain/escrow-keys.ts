import { DEVELOPMENT_CHAIN_ID } from '../job/development-chain.ts'
import { SIZE_CLASS_NAMES } from '../job/settlement/size-classes.ts'
import type { EscrowSizeClass } from '../ports.ts'
import { DEVELOPMENT_VERIFIERS } from './deploy/verifiers.ts'
import { InsecureEscrowError } from './errors.ts'

/**
 * Throws InsecureEscrowError where an escrow says that it verifies with the development key, and the chain is not for development. It needs no circuits: the
 * key's hashes are known. Whoever deploys an escrow to deceive can say what it likes; this finds the mistake, not the fraud.
 */
export function refuseDevelopmentKeys(
  { address, chainId }: { address: string; chainId: number },
  sizeClasses: readonly Pick<EscrowSizeClass, 'verificationKeyHash'>[],
): void {
  if (chainId === DEVELOPMENT_CHAIN_ID) return
  const found = sizeClasses.findIndex(({ verificationKeyHash }) =>
    DEVELOPMENT_VERIFIERS.some((known) => known.verificationKeyHash === verificationKeyHash.toLowerCase()),
  )
  if (found !== -1) throw new InsecureEscrowError(address, chainId, SIZE_CLASS_NAMES[found] ?? String(found))
}
