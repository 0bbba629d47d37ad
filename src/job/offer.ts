import type { Payment } from './payment.ts'

/** What the place where a paid draft is placed knows of its escrow. */
export interface EscrowTerritory {
  chainId: number
  escrow: string
}

/** What a draft may say of its payment beside the unit price; the rest has a default. */
export type PaymentDraft = Partial<Pick<Payment, 'validationPriceWei' | 'finisherPriceWei' | 'minBondWei' | 'quorum'>>

/** The share of a bond that a conviction takes in our deployments, in hundredths of a percent: seeds/002, "Failedペナルティ", 25 % of the deposit. */
export const SLASH_BPS = 2500n
/** The least bond that an escrow of ours takes. What one verification costs (seeds/002, "Verifier fee") is the least that a false identity should. */
export const LEAST_BOND_WEI = 10n * 10n ** 18n
/** Two wallets at least take part in a paid Job anyway: the escrow wants another's word than the worker's. */
const DEFAULT_QUORUM = 2
const DAY_SECONDS = 86_400

/**
 * The payment of a Job that pays `unitPriceWei` for one of `microJobs` MicroJobs a MacroJob. Validating one runs about as many blocks as a MicroJob has, and
 * settling costs gas: a unit price each, unless the draft says otherwise. The bond is the least at which cheating in all MicroJobs but the opened one does
 * not pay (docs/SETTLEMENT.md).
 */
export function paymentFor({ chainId, escrow }: EscrowTerritory, draft: PaymentDraft, unitPriceWei: string, microJobs: number): Payment {
  const deterring = (BigInt(unitPriceWei) * BigInt(Math.max(0, microJobs - 1)) * 10_000n) / SLASH_BPS + 1n
  return {
    chainId,
    escrow,
    validationPriceWei: draft.validationPriceWei ?? unitPriceWei,
    finisherPriceWei: draft.finisherPriceWei ?? unitPriceWei,
    minBondWei: draft.minBondWei ?? String(deterring > LEAST_BOND_WEI ? deterring : LEAST_BOND_WEI),
    quorum: draft.quorum ?? DEFAULT_QUORUM,
  }
}

/** Where a paid draft names none: long enough for any Job of the seeds, and far from what an escrow allows at most. */
export function defaultDeadline(nowSeconds: number): number {
  return nowSeconds + DAY_SECONDS
}
