import { LEAST_LEFT_SECONDS } from '../job/escrow-facts.ts'
import type { JobInfo } from '../job/info.ts'
import { escrowIdOf, escrowTermsOf, isPaid, isPaidBy } from '../job/payment.ts'
import { formatTokens } from '../job/tokens.ts'
import type { Abortable } from '../ports.ts'
import { mismatchOf } from './escrow-watch.ts'
import type { EscrowComponents } from './escrow-worker.ts'

/**
 * Why this peer does not take part in a paid Job, as a noun for JobRefusedError; undefined where it does, and for a Job that is not paid. `isBack`: it has taken
 * part before it was restarted, and comes back however little time is left: what it did is still to be paid, or what nobody paid to be given back. Throws where
 * the chain does not answer.
 */
export async function refusesEscrow(
  escrow: EscrowComponents | undefined,
  info: JobInfo,
  jobId: string,
  { isBack, ...options }: Abortable & { isBack: boolean },
): Promise<string | undefined> {
  if (!isPaid(info)) return undefined
  if (escrow === undefined) return 'a paid Job; this peer has no chain (--chain-file)'
  const { chain } = escrow
  const { payment } = info
  if (!isPaidBy(payment, chain)) {
    return `a Job of the escrow ${payment.escrow} on chain ${payment.chainId}; this peer knows ${chain.escrow} on chain ${chain.chainId}`
  }
  const [job, { timestamp }, { bondWei }] = await Promise.all([
    chain.job(escrowIdOf(info, jobId), options),
    chain.head(options),
    chain.balances(undefined, options),
    // Where the chain was out of reach when this peer started.
    chain.rules(options),
  ])
  if (job === undefined) return 'a Job that promises pay and has no escrow'
  const mismatch = mismatchOf(job, escrowTermsOf(info, jobId), info.wallet)
  if (mismatch !== undefined) return `a Job whose escrow has ${mismatch}`
  if (job.state !== 'open' && job.state !== 'working') return `a Job whose escrow is ${job.state}`
  const leftSeconds = Math.max(0, info.deadline - timestamp)
  if (!isBack && leftSeconds < LEAST_LEFT_SECONDS)
    return `a Job whose escrow ends in ${leftSeconds} s; one is begun up to ${LEAST_LEFT_SECONDS} s before`
  const needed = BigInt(payment.minBondWei)
  return bondWei >= needed
    ? undefined
    : `a Job that asks for a bond of ${formatTokens(needed)} tokens; this wallet has ${formatTokens(bondWei)} (minga wallet bond)`
}
