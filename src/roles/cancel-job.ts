import { NotCancellableError } from '../job/errors.ts'
import type { JobId } from '../job/ids.ts'
import type { JobInfo } from '../job/info.ts'
import { escrowIdOf, isPaid, isPaidBy, type Paid } from '../job/payment.ts'
import { progressOf } from '../job/progress.ts'
import { JobOverError, NotThePayerError, NotTheRequesterError, OtherChainError } from './errors.ts'
import type { JobSession } from './job-session.ts'
import type { RequesterComponents } from './placing.ts'

/** What came of calling a Job off. */
export interface CancelledJob {
  /** What the requester's wallet has as credit now; 0 for a Job that was not paid. */
  refundedWei: bigint
}

/**
 * Calls a Job off; peers stop working on it as they hear. Of a paid Job the escrow alone decides, and nothing is written. Throws NotTheRequesterError,
 * JobOverError, OtherChainError, NotThePayerError, NotCancellableError, what Chain.cancel throws.
 */
export async function cancelJob(
  { self, board, chain }: Pick<RequesterComponents, 'self' | 'board' | 'chain'>,
  session: JobSession,
): Promise<CancelledJob> {
  const { info } = session.view
  if (info === undefined || info.requester !== self) throw new NotTheRequesterError(session.jobId, info?.requester ?? 'nobody')
  const refundedWei = isPaid(info) ? await cancelEscrow(chain, info, session.jobId) : 0n
  if (!isPaid(info)) {
    const { state } = progressOf(session.view, { graceOver: false })
    if (state !== 'open') throw new JobOverError(session.jobId, state === 'finished' ? 'agreed' : state)
    await session.append({ kind: 'cancel' })
  }
  board.drop(session.jobId)
  return { refundedWei }
}

async function cancelEscrow(chain: RequesterComponents['chain'], info: Paid<JobInfo>, jobId: JobId): Promise<bigint> {
  const { payment } = info
  if (chain === undefined || !isPaidBy(payment, chain)) throw new OtherChainError(jobId, payment, chain)
  if (info.wallet.toLowerCase() !== chain.wallet.toLowerCase()) throw new NotThePayerError(jobId, info.wallet, chain.wallet)
  const escrowId = escrowIdOf(info, jobId)
  const job = await chain.job(escrowId)
  if (job?.state !== 'open') throw new NotCancellableError(jobId, job)
  await chain.cancel(escrowId).catch(async (error: unknown) => {
    // Somebody may have engaged a moment ago.
    const now = await chain.job(escrowId).catch(() => job)
    throw now?.state === 'open' ? error : new NotCancellableError(jobId, now)
  })
  return job.heldWei
}
