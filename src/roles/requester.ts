import { pastProblems } from '../job/deadline.ts'
import { hasPrice, type JobDraft } from '../job/draft.ts'
import { InvalidJobInfoError } from '../job/errors.ts'
import type { JobId } from '../job/ids.ts'
import type { JobInfo } from '../job/info.ts'
import { problemsOfDraft } from '../job/local-run.ts'
import { escrowIdOf, escrowTermsOf, isPaid, type Paid } from '../job/payment.ts'
import { type JobPrice, priceOf } from '../job/price.ts'
import type { Abortable, PeerId } from '../ports.ts'
import { jobIdOfInfo } from '../protocol/records.ts'
import { NoPayingChainError, PriceInEscrowError } from './errors.ts'
import { findHolders } from './find-holders.ts'
import { noticeOf } from './job-notice.ts'
import type { JobSession } from './job-session.ts'
import type { PlaceOptions, RequesterComponents } from './placing.ts'
import { placingOwner, plansOf, publish } from './publish-job.ts'

export interface PlacedJob {
  jobId: JobId
  info: JobInfo
  session: JobSession
  /** Peers that keep the Job while the requester is away. */
  holders: PeerId[]
}

/**
 * Places a Job (seeds/001 "Job Placement"): publishes code and data, writes JobInfo and the plan of MacroJobs and MicroJobs into the log, pays the whole price
 * into escrow where there is one, has others hold the Job, and announces it. Resolves when the requester may leave. Throws InvalidJobInfoError,
 * NoPayingChainError, NoHolderError, PriceInEscrowError, what Chain.open throws, and BlockNotFoundError where nobody has the data that the draft names by URI.
 */
export async function placeJob(components: RequesterComponents, draft: JobDraft, options: PlaceOptions = {}): Promise<PlacedJob> {
  const { sessions, self, board, chain } = components
  const { signal, onProgress, onPrice } = options
  refuseAtOnce(draft, options.now?.() ?? Date.now())
  if (hasPrice(draft) && chain === undefined) throw new NoPayingChainError(BigInt(draft.unitPriceWei as string))
  onProgress?.('storing code and data')
  const release = () => components.blocks.release(placingOwner(self))
  const info = await publish(components, draft, options).catch(async (error: unknown) => {
    await release()
    throw error
  })
  const jobId = jobIdOfInfo(info)
  const holders: PeerId[] = []
  const deposit: Deposit = { state: 'none' }
  let session: JobSession | undefined
  try {
    session = await sessions.open(jobId, { ...(signal && { signal }) })
    // Before anything is paid: whoever is killed in between finds here what it takes to have the price back.
    await session.append({ kind: 'job', info }, ...plansOf(info))
    if (isPaid(info)) {
      onPrice?.({ jobId, ...(await priceIn(components, info, options)) })
      await openEscrow(components, info, jobId, deposit, options)
    }
    onProgress?.('looking for peers that hold the Job')
    await findHolders(components, jobId, holders, options)
    const notice = noticeOf(session.view, [...holders, self])
    if (notice !== undefined) await board.announce(notice)
    await release()
    return { jobId, info, session, holders }
  } catch (error) {
    await session?.close()
    // A Job that somebody holds goes on, and is ours to cancel; one that nobody holds never was.
    const told = holders.length > 0 ? error : await unplace(components, info, jobId, deposit, error, signal)
    await release()
    throw told
  }
}

/** All that is wrong with a draft and can be known here, at once. Throws InvalidJobInfoError. */
function refuseAtOnce(draft: JobDraft, nowMs: number): void {
  const problems = [...problemsOfDraft(draft)]
  // DApps are also written in JavaScript: what is no draft has no deadline.
  if (draft) problems.push(...pastProblems(draft.deadline, nowMs, hasPrice(draft)))
  if (problems.length > 0) throw new InvalidJobInfoError(problems)
}

async function priceIn({ chain }: RequesterComponents, info: Paid<JobInfo>, { signal }: Abortable): Promise<JobPrice> {
  const rules = await chain?.rules({ ...(signal && { signal }) })
  return priceOf(info, rules && BigInt(rules.slashBps))
}

/** Whether the price is in escrow: `unknown` where a transaction may have gone out, and nobody can say what became of it. */
interface Deposit {
  state: 'none' | 'unknown' | 'paid'
}

/** Pays the whole price into escrow, before anyone hears of the Job: peers look for it there. */
async function openEscrow(
  { chain }: RequesterComponents,
  info: Paid<JobInfo>,
  jobId: JobId,
  deposit: Deposit,
  { signal, onProgress }: PlaceOptions,
): Promise<void> {
  if (chain === undefined) throw new TypeError('a paid Job was made without a chain')
  onProgress?.('paying into escrow')
  let isSent = false
  const onSent = () => {
    isSent = true
  }
  deposit.state = 'unknown'
  await chain.open(escrowTermsOf(info, jobId), { ...(signal && { signal }), onSent }).catch((error: unknown) => {
    if (isNothingPaid(error, isSent, signal)) deposit.state = 'none'
    throw error
  })
  deposit.state = 'paid'
}

/** Of errors of the chain, by `name` (roles do not import adapters): it was refused, before it was sent or in its block; */
const REFUSED = new Set(['CallRevertedError', 'CallArgumentError', 'InsufficientGasMoneyError', 'InsufficientTokensError'])
/** or nobody can say, whether a node has answered or not. */
const UNKNOWN = new Set(['TransactionPendingError', 'ChainStoppedError'])

function isNothingPaid(error: unknown, isSent: boolean, signal: AbortSignal | undefined): boolean {
  const name = error instanceof Error ? error.name : ''
  return REFUSED.has(name) || !(isSent || UNKNOWN.has(name) || signal?.aborted)
}

/**
 * The price of a Job that nobody took goes back at once, and no trace of the Job stays; where it cannot, or may yet arrive, the Job stays on this disk, to be
 * cancelled later. Gives the error that the requester should hear.
 */
async function unplace(
  { chain, replica }: RequesterComponents,
  info: JobInfo,
  jobId: JobId,
  { state }: Deposit,
  error: unknown,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  // Whoever asked for the end was given the Job's id before.
  if (state === 'unknown') return signal?.aborted ? error : new PriceInEscrowError(jobId, error)
  if (state === 'paid' && chain !== undefined && isPaid(info)) {
    try {
      await chain.cancel(escrowIdOf(info, jobId))
    } catch {
      return new PriceInEscrowError(jobId, error)
    }
  }
  await replica.remove(jobId)
  return error
}
