import { NotCancellableError } from '../job/errors.ts'
import type { JobId } from '../job/ids.ts'
import type { JobInfo } from '../job/info.ts'
import { escrowIdOf, isPaid, isPaidBy, type Paid } from '../job/payment.ts'
import { progressOf } from '../job/progress.ts'
import type { Abortable, Clock, PeerId } from '../ports.ts'
import { CancelUnheardError, JobOverError, NotThePayerError, NotTheRequesterError, OtherChainError } from './errors.ts'
import type { JobSession } from './job-session.ts'
import type { RequesterComponents } from './placing.ts'

/** Whoever is there takes the word within a second, on a slow line within a few; who calls off a Job waits no longer for peers that are gone. */
const TELL_MS = 10_000
/** Before peers of which none answered are asked again: one may be starting anew. */
const PAUSE_MS = 500
/** Peers asked at once. Each carries the word on to the others; these are enough to find one that lives. */
const MAX_ASKED = 8

export interface CancelComponents extends Pick<RequesterComponents, 'self' | 'board' | 'chain'> {
  clock: Clock
  /** Unix time in milliseconds, which the Job's deadline is held against. */
  unixMs: () => number
  /** Peers that may follow the Job, those that hold it first. */
  providers(): PeerId[]
}

/** What came of calling a Job off. */
export interface CancelledJob {
  /** What the requester's wallet has as credit now; 0 for a Job that was not paid. */
  refundedWei: bigint
}

/**
 * Calls a Job off, and resolves when another peer has taken the word, who carries it on; peers stop working on it as they hear. Of a paid Job the escrow alone
 * decides, and nothing is written. Of one that was called off before the word is brought to a peer once more: nobody may have heard it then. Throws NotTheRequesterError, JobOverError, CancelUnheardError, OtherChainError, NotThePayerError, NotCancellableError, what
 * Chain.cancel throws, and the signal's reason.
 */
export async function cancelJob(components: CancelComponents, session: JobSession, options: Abortable = {}): Promise<CancelledJob> {
  const { self, board, chain, unixMs } = components
  const { jobId, view } = session
  const { info } = view
  options.signal?.throwIfAborted()
  if (info === undefined || info.requester !== self) throw new NotTheRequesterError(jobId, info?.requester ?? 'nobody')
  if (isPaid(info)) {
    const refundedWei = await cancelEscrow(chain, info, jobId, options)
    board.drop(jobId)
    return { refundedWei }
  }
  const holders = board.find(jobId)?.holders ?? []
  const peers = () => [...new Set([...holders, ...components.providers()])].filter((peer) => peer !== self).slice(0, MAX_ASKED)
  const { state } = progressOf(view, { graceOver: false, unixMs: unixMs() })
  const isWritten = state === 'cancelled'
  if (state !== 'open' && !isWritten) throw new JobOverError(jobId, state === 'finished' ? 'agreed' : state)
  if (!isWritten) await session.append({ kind: 'cancel' })
  board.drop(jobId)
  await tellOne(components.clock, session, peers, options)
  return { refundedWei: 0n }
}

/** Resolves when one of the peers has all that is written here. Throws CancelUnheardError after TELL_MS. */
async function tellOne(
  clock: Clock,
  { jobId, log }: Pick<JobSession, 'jobId' | 'log'>,
  peers: () => PeerId[],
  { signal }: Abortable,
): Promise<void> {
  const ended = new AbortController()
  const either = signal === undefined ? ended.signal : AbortSignal.any([signal, ended.signal])
  const end = () => ended.abort()
  clock.sleep(TELL_MS, { signal: either }).then(end, end)
  const tell = async (peer: PeerId) => {
    // A comparison that is under way may have begun before the word was written; the second has not.
    await log.syncWith(peer, { signal: either }).catch(() => {})
    await log.syncWith(peer, { signal: either })
  }
  const asked = new Set<PeerId>()
  while (!either.aborted) {
    for (const peer of peers()) asked.add(peer)
    const isTold = await Promise.any(peers().map(tell)).then(
      () => true,
      () => false,
    )
    if (isTold) return end()
    await clock.sleep(PAUSE_MS, { signal: either }).catch(() => {})
  }
  signal?.throwIfAborted()
  throw new CancelUnheardError(jobId, asked.size, TELL_MS)
}

async function cancelEscrow(chain: RequesterComponents['chain'], info: Paid<JobInfo>, jobId: JobId, options: Abortable): Promise<bigint> {
  const { payment } = info
  if (chain === undefined || !isPaidBy(payment, chain)) throw new OtherChainError(jobId, payment, chain)
  if (info.wallet.toLowerCase() !== chain.wallet.toLowerCase()) throw new NotThePayerError(jobId, info.wallet, chain.wallet)
  const escrowId = escrowIdOf(info, jobId)
  const job = await chain.job(escrowId, options)
  if (job?.state !== 'open') throw new NotCancellableError(jobId, job)
  await chain.cancel(escrowId, options).catch(async (error: unknown) => {
    // Somebody may have engaged a moment ago.
    const now = await chain.job(escrowId, options).catch(() => job)
    throw now?.state === 'open' ? error : new NotCancellableError(jobId, now)
  })
  return job.heldWei
}
