import { LEAST_BOND_WEI, SLASH_BPS, WITNESSES } from '../../job/offer.ts'
import { MAX_ATTEMPTS } from '../../job/records.ts'
import type { EscrowRules } from '../../ports.ts'

/** What an escrow is deployed with. */
export interface DeploymentRules extends EscrowRules {
  /** From asking a bond back to having it; longer than a Job can last, so that nobody leaves before its conviction. */
  unbondDelaySeconds: number
}

const DAY_SECONDS = 86_400
/** The token has 18 decimals. */
export const TOKEN = 10n ** 18n
/** Of a new token, in its smallest unit. */
export const DEFAULT_SUPPLY_WEI = 1_000_000_000n * TOKEN

export const DEFAULT_RULES: Readonly<DeploymentRules> = {
  // EMETH's reference Job takes six hours (seeds/002, "計算結果の検査"); a week leaves room for one that is re-validated again and again.
  maxDurationSeconds: 7 * DAY_SECONDS,
  // One block that did not exist when the root was signed (docs/PROTOCOL.md, "Beacon").
  beaconDelayBlocks: 1,
  maxAttempts: MAX_ATTEMPTS,
  slashBps: Number(SLASH_BPS),
  // A disputed block is run by two more peers beside the validator (docs/PROTOCOL.md, "Agree").
  witnesses: WITNESSES,
  minBondWei: LEAST_BOND_WEI,
  unbondDelaySeconds: 8 * DAY_SECONDS,
}
