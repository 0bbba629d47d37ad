import { escrowIdOf, isPaid, isPaidBy } from '../job/payment.ts'
import type { JobView } from '../job/view.ts'
import type { Logger } from '../log.ts'
import type { Abortable, Chain } from '../ports.ts'

export interface LateRefundComponents {
  chain: Pick<Chain, 'chainId' | 'escrow' | 'job' | 'head' | 'refund'>
  logger: Logger
}

/**
 * Gives back what a Job's escrow still holds after its deadline: all that took part may have been down when it passed, and a Job so old is joined by nobody. Does nothing
 * for one that is not paid here, or holds nothing, or lasts. Throws what Chain throws.
 */
export async function refundLate({ chain, logger }: LateRefundComponents, { info, jobId }: JobView, options: Abortable): Promise<void> {
  if (info === undefined || !isPaid(info) || !isPaidBy(info.payment, chain)) return
  const escrowId = escrowIdOf(info, jobId)
  const [job, { timestamp }] = await Promise.all([chain.job(escrowId, options), chain.head(options)])
  if (job === undefined || (job.state !== 'open' && job.state !== 'working') || timestamp <= job.deadline) return
  await chain.refund(escrowId, options)
  logger.info('gave back what a Job of an earlier run had not paid by its deadline', { jobId })
}
