import type { JobDraft } from './draft.ts'
import { InvalidJobInfoError } from './errors.ts'
import { localJobInfo } from './local-run.ts'
import { defaultDeadline, type EscrowTerritory, ruleProblems, SLASH_BPS } from './offer.ts'
import { budgetOf, isPaid, type Paid, type Payable } from './payment.ts'

/** What a paid Job costs, and what it asks of those who take part; amounts in the token's smallest unit. */
export interface JobPrice {
  /** What goes into escrow. */
  totalWei: bigint
  macroJobs: number
  /** Of a MacroJob. */
  microJobs: number
  /** For one MicroJob. */
  unitPriceWei: bigint
  /** For validating one MacroJob. */
  validationPriceWei: bigint
  /** For settling one MacroJob. */
  finisherPriceWei: bigint
  /** What everyone who takes part must have at stake. */
  minBondWei: bigint
  /** What a conviction takes of it. */
  slashWei: bigint
  /** Unix time in seconds; what is not settled by then comes back. */
  deadline: number
}

/** `slashBps` is of the escrow's rules. @default that of our deployments */
export function priceOf(info: Paid<Payable>, slashBps = SLASH_BPS): JobPrice {
  const { slicing, payment, unitPriceWei, deadline } = info
  return {
    totalWei: budgetOf(info),
    macroJobs: slicing.macroJobs,
    microJobs: slicing.microJobs,
    unitPriceWei: BigInt(unitPriceWei),
    validationPriceWei: BigInt(payment.validationPriceWei),
    finisherPriceWei: BigInt(payment.finisherPriceWei),
    minBondWei: BigInt(payment.minBondWei),
    slashWei: (BigInt(payment.minBondWei) * slashBps) / 10_000n,
    deadline,
  }
}

/** Whatever escrow it will be, of our deployments: what a Job costs does not depend on it. */
const ANY_ESCROW: EscrowTerritory = { chainId: 1, escrow: `0x${'0'.repeat(40)}` }

/**
 * What a draft would cost if it were placed now, in this escrow; undefined where it pays nothing. Throws InvalidJobInfoError, also where no escrow could pay it, or this
 * one would not.
 */
export function priceOfDraft(draft: JobDraft, nowSeconds: number, escrow = ANY_ESCROW): JobPrice | undefined {
  const { rules } = escrow
  const info = localJobInfo(draft, { ...escrow, defaultDeadline: defaultDeadline(nowSeconds, rules) })
  if (!isPaid(info)) return undefined
  const problems = rules === undefined ? [] : ruleProblems(info, rules, nowSeconds)
  if (problems.length > 0) throw new InvalidJobInfoError(problems)
  return priceOf(info, rules && BigInt(rules.slashBps))
}
