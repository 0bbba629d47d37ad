import type { EscrowRules } from '../ports.ts'
import type { Problem } from './errors.ts'
import type { Payable, Payment } from './payment.ts'

/** What the place where a paid draft is placed knows of its escrow. */
export interface EscrowTerritory {
  chainId: number
  escrow: string
  /** Of its rules: what a conviction takes of a bond, the least bond that a Job may ask for, and the longest that it may last. @default those of our deployments */
  rules?: Pick<EscrowRules, 'slashBps' | 'minBondWei' | 'maxDurationSeconds'>
}

/** What a draft may say of its payment beside the unit price; the rest has a default. */
export type PaymentDraft = Partial<Pick<Payment, 'validationPriceWei' | 'finisherPriceWei' | 'minBondWei' | 'quorum'>>

/** The share of a bond that a conviction takes in our deployments, in hundredths of a percent: seeds/002, "Failedペナルティ", 25 % of the deposit. */
export const SLASH_BPS = 2500n
/** Wallets whose word the escrow wants against a wrong result. An escrow with another number is refused (chain/rules.ts). */
export const WITNESSES = 3
/** The least bond that an escrow of ours takes. What one verification costs (seeds/002, "Verifier fee") is the least that a false identity should. */
export const LEAST_BOND_WEI = 10n * 10n ** 18n
/** Two wallets at least take part in a paid Job anyway: the escrow wants another's word than the worker's. */
const DEFAULT_QUORUM = 2
const DAY_SECONDS = 86_400
/** What clocks that differ leave of the longest duration. */
const SHARE_OF_LONGEST = 0.9

/**
 * The payment of a Job that pays `unitPriceWei` for one of `microJobs` MicroJobs a MacroJob. Validating one runs about as many blocks as a MicroJob has, and
 * settling costs gas: a unit price each, unless the draft says otherwise. The bond is the least at which cheating in all MicroJobs but the opened one does
 * not pay (docs/SETTLEMENT.md).
 */
export function paymentFor(
  { chainId, escrow, rules }: EscrowTerritory,
  draft: PaymentDraft,
  unitPriceWei: string,
  microJobs: number,
): Payment {
  const { slashBps, minBondWei } = rules ?? { slashBps: SLASH_BPS, minBondWei: LEAST_BOND_WEI }
  const deterring = (BigInt(unitPriceWei) * BigInt(Math.max(0, microJobs - 1)) * 10_000n) / BigInt(slashBps) + 1n
  return {
    chainId,
    escrow,
    validationPriceWei: draft.validationPriceWei ?? unitPriceWei,
    finisherPriceWei: draft.finisherPriceWei ?? unitPriceWei,
    minBondWei: draft.minBondWei ?? String(deterring > minBondWei ? deterring : minBondWei),
    quorum: draft.quorum ?? DEFAULT_QUORUM,
  }
}

/** Where a paid draft names none: long enough for any Job of the seeds, and less than the escrow allows at most. */
export function defaultDeadline(
  nowSeconds: number,
  { maxDurationSeconds = Number.POSITIVE_INFINITY }: { maxDurationSeconds?: number } = {},
): number {
  // An escrow that allows less counts from the block of the payment, by its own clock.
  return nowSeconds + Math.min(DAY_SECONDS, Math.floor(maxDurationSeconds * SHARE_OF_LONGEST))
}

/** What of a paid Job its escrow would refuse; `nowSeconds` is the chain's time, since 1970. */
export function ruleProblems(
  { deadline, payment }: Pick<Payable, 'deadline' | 'payment'>,
  { minBondWei, maxDurationSeconds }: Pick<EscrowRules, 'minBondWei' | 'maxDurationSeconds'>,
  nowSeconds: number,
): Problem[] {
  if (payment === undefined) return []
  const problems: Problem[] = []
  const { escrow } = payment
  if (BigInt(payment.minBondWei) < minBondWei) {
    const message = `expected at least ${minBondWei}, the least bond that the escrow ${escrow} takes, found ${payment.minBondWei}`
    problems.push({ path: 'payment.minBondWei', message })
  }
  const latest = nowSeconds + maxDurationSeconds
  if (deadline !== null && deadline > latest) {
    const message = `expected ${timeOf(latest)} at the latest, as no Job of the escrow ${escrow} lasts longer than ${maxDurationSeconds} s, found ${timeOf(deadline)}`
    problems.push({ path: 'deadline', message })
  }
  return problems
}

/** The last second that a Date can be. */
const LAST_SECOND = 8_640_000_000_000

const timeOf = (seconds: number) => (seconds <= LAST_SECOND ? new Date(seconds * 1000).toISOString() : `${seconds} s after 1970`)
