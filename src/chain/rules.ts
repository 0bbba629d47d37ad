import type { Result } from 'ethers'
import { WITNESSES } from '../job/offer.ts'
import { MAX_ATTEMPTS } from '../job/records.ts'
import type { EscrowRules } from '../ports.ts'
import { UnservedRulesError } from './errors.ts'

/** What the contract's `rules()` says. Throws UnservedRulesError where the peers of this software would be refused by it later. */
export function rulesOf(escrow: string, found: Result): EscrowRules {
  const rules = {
    maxDurationSeconds: Number(found.maxDuration),
    beaconDelayBlocks: Number(found.beaconDelay),
    maxAttempts: Number(found.maxAttempts),
    slashBps: Number(found.slashBps),
    witnesses: Number(found.witnesses),
    minBondWei: found.minBond,
  }
  // Nonce chains and records have room for so many; the escrow would refuse the root of the last ones.
  if (rules.maxAttempts < MAX_ATTEMPTS) throw new UnservedRulesError(escrow, `at least ${MAX_ATTEMPTS} attempts a chunk`, rules.maxAttempts)
  // It takes exactly as many, and peers stop to ask for words when they have as many as theirs.
  if (rules.witnesses !== WITNESSES) throw new UnservedRulesError(escrow, `${WITNESSES} witnesses of a conviction`, rules.witnesses)
  return rules
}
