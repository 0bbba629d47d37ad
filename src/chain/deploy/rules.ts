import { LEAST_BOND_WEI, SLASH_BPS } from '../../job/offer.ts'
import { MAX_ATTEMPTS } from '../../job/records.ts'

/** The rules that an escrow is deployed with and that nobody can change; contracts/SwarmJobs.sol has their meaning. */
export interface EscrowRules {
  /** From a Job's opening to its deadline, at most. */
  maxDurationSeconds: number
  /** From a root to its beacon. */
  beaconDelayBlocks: number
  /** Roots that a chunk can have. */
  maxAttempts: number
  /** What a conviction takes of the bond that the Job asks for, in 1/10,000. */
  slashBps: number
  /** Wallets whose word convicts of a wrong result. */
  witnesses: number
  /** The least bond that a Job may ask for. */
  minBondWei: bigint
  /** From asking a bond back to having it; longer than a Job can last, so that nobody leaves before its conviction. */
  unbondDelaySeconds: number
}

const DAY_SECONDS = 86_400
/** The token has 18 decimals. */
export const TOKEN = 10n ** 18n
/** Of a new token, in its smallest unit. */
export const DEFAULT_SUPPLY_WEI = 1_000_000_000n * TOKEN

export const DEFAULT_RULES: Readonly<EscrowRules> = {
  // EMETH's reference Job takes six hours (seeds/002, "計算結果の検査"); a week leaves room for one that is re-validated again and again.
  maxDurationSeconds: 7 * DAY_SECONDS,
  // One block that did not exist when the root was signed (docs/PROTOCOL.md, "Beacon").
  beaconDelayBlocks: 1,
  maxAttempts: MAX_ATTEMPTS,
  slashBps: Number(SLASH_BPS),
  // A disputed block is run by two more peers beside the validator (docs/PROTOCOL.md, "Agree").
  witnesses: 3,
  minBondWei: LEAST_BOND_WEI,
  unbondDelaySeconds: 8 * DAY_SECONDS,
}
