import { DEVELOPMENT_CHAIN_ID } from '../job/development-chain.ts'
import type { EscrowSizeClass } from '../ports.ts'
import { ForeignKeyError, InsecureKeyError } from './errors.ts'
import type { CircuitFiles } from './prover.ts'

/** Holds the keys of this peer against those that the escrow verifies with, by the order of size classes. Throws ForeignKeyError, InsecureKeyError. */
export function checkKeys(
  circuits: Readonly<Record<string, CircuitFiles>>,
  names: readonly string[],
  escrow: { chainId: number; sizeClasses: readonly EscrowSizeClass[] },
): void {
  for (const [index, name] of names.entries()) {
    const key = circuits[name]?.key
    const verified = escrow.sizeClasses[index]
    if (key === undefined || verified === undefined) continue
    if (key.insecure && escrow.chainId !== DEVELOPMENT_CHAIN_ID) throw new InsecureKeyError(name, escrow.chainId)
    const found = `0x${key.sha256.verificationKey}`
    if (found !== verified.verificationKeyHash.toLowerCase()) throw new ForeignKeyError(name, verified.verificationKeyHash, found)
  }
}
