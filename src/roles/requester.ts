import { bytesToBigInt } from '../job/bytes.ts'
import { pastProblems } from '../job/deadline.ts'
import { cidOfUri, completeDraft, hasPrice, type JobDraft } from '../job/draft.ts'
import { InvalidJobInfoError, NotCancellableError } from '../job/errors.ts'
import { FIELD_ORDER, fieldToHex } from '../job/field.ts'
import type { JobId } from '../job/ids.ts'
import type { JobInfo } from '../job/info.ts'
import { problemsOfDraft } from '../job/local-run.ts'
import { defaultDeadline } from '../job/offer.ts'
import { escrowIdOf, escrowTermsOf, isPaid, isPaidBy, type Paid } from '../job/payment.ts'
import { planOf } from '../job/plan.ts'
import { type JobPrice, priceOf } from '../job/price.ts'
import { progressOf } from '../job/progress.ts'
import type { RecordOf } from '../job/records.ts'
import type { Abortable, Blocks, Chain, Cid, PeerId, Replica, Streams } from '../ports.ts'
import { type HoldReply, holdReplyCodec, holdRequestCodec } from '../protocol/messages.ts'
import { jobIdOfInfo } from '../protocol/records.ts'
import { JobOverError, NoHolderError, NoPayingChainError, NotTheRequesterError, OtherChainError, PriceInEscrowError } from './errors.ts'
import { HOLD_SPEC, noticeOf } from './holder.ts'
import type { JobSession } from './job-session.ts'
import type { JobSessions } from './job-sessions.ts'
import type { JobsBoard } from './jobs-board.ts'

export type RequesterChain = Pick<Chain, 'chainId' | 'escrow' | 'rules' | 'open' | 'cancel' | 'job'>

export interface RequesterComponents {
  self: PeerId
  wallet: string | null
  sessions: JobSessions
  /** Where the log of a Job that nobody took must not stay. */
  replica: Pick<Replica, 'remove'>
  blocks: Blocks
  streams: Streams
  board: JobsBoard
  /** Pays for Jobs with a unit price; without it they cannot be placed. */
  chain?: RequesterChain | undefined
  /** Peers to ask to hold the Job, the best first. */
  holders(): PeerId[]
}

export interface PlaceOptions extends Abortable {
  /** What is under way, as a sentence fragment for a person. */
  onProgress?: (what: string) => void
  /** What the user should know and does not keep the Job from being placed, as a sentence. */
  onWarning?: (line: string) => void
  /** Hears what a paid Job costs, before anything is paid; with its id, by which the price can be had back whatever happens then. */
  onPrice?: (price: JobPrice & { jobId: JobId }) => void
  /** Unix time in milliseconds. @default the system's */
  now?: () => number
  /** 32 random bytes. */
  randomBytes?: () => Uint8Array
}

export interface PlacedJob {
  jobId: JobId
  info: JobInfo
  session: JobSession
  /** Peers that keep the Job while the requester is away. */
  holders: PeerId[]
}

const SECOND_MS = 1000

/** Peers that are asked to hold a Job: one can fail, and a third copy costs the requester's line more than it gives. */
const HOLDERS_WANTED = 2

/**
 * Places a Job (seeds/001 "Job Placement"): publishes code and data, writes JobInfo and the plan of MacroJobs and MicroJobs into the log, pays the whole price
 * into escrow where there is one, has others hold the Job, and announces it. Resolves when the requester may leave. Throws InvalidJobInfoError,
 * NoPayingChainError, NoHolderError, PriceInEscrowError, what Chain.open throws, and BlockNotFoundError where nobody has the data that the draft names by URI.
 */
export async function placeJob(components: RequesterComponents, draft: JobDraft, options: PlaceOptions = {}): Promise<PlacedJob> {
  const { sessions, self, board, chain } = components
  const { signal, onProgress, onPrice } = options
  if (hasPrice(draft) && chain === undefined) throw new NoPayingChainError(BigInt(draft.unitPriceWei as string))
  refuseAtOnce(draft, options.now?.() ?? Date.now())
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
  const problems = [...problemsOfDraft(draft), ...pastProblems(draft.deadline, nowMs)]
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

/** What came of calling a Job off. */
export interface CancelledJob {
  /** What the requester's wallet has as credit now; 0 for a Job that was not paid. */
  refundedWei: bigint
}

/**
 * Calls a Job off; peers stop working on it as they hear. Of a paid Job the escrow alone decides, and nothing is written. Throws NotTheRequesterError,
 * JobOverError, OtherChainError, NotCancellableError, what Chain.cancel throws.
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

/** What is being placed is pinned until others hold it. */
const placingOwner = (self: PeerId) => `placing/${self}`

async function publish(components: RequesterComponents, draft: JobDraft, { signal, randomBytes, now }: PlaceOptions): Promise<JobInfo> {
  const { blocks, self, wallet, chain } = components
  const source = new TextEncoder().encode(draft.code)
  const published = await findPublished(components, draft, signal)
  const nowSeconds = Math.floor((now?.() ?? Date.now()) / SECOND_MS)
  const rules = chain && hasPrice(draft) ? await chain.rules({ ...(signal && { signal }) }) : undefined
  const escrow = chain &&
    rules && { chainId: chain.chainId, escrow: chain.escrow, rules, defaultDeadline: defaultDeadline(nowSeconds, rules) }
  const base = { requester: self, wallet, seed: randomSeed(randomBytes), ...(escrow && { escrow }) }
  // Checked as a whole before anything is stored: the CIDs of a trial cannot be wrong in shape.
  const local = draft.data ? { ...sourceAt(TRIAL_CID), bytes: draft.data.length } : null
  completeDraft(draft, { ...base, code: { ...sourceAt(TRIAL_CID), bytes: source.length }, data: published ?? local })
  const put = async (bytes: Uint8Array) => {
    const cid = await blocks.put(bytes, { ...(signal && { signal }), owner: placingOwner(self) })
    return { ...sourceAt(cid), bytes: bytes.length }
  }
  const code = await put(source)
  return completeDraft(draft, { ...base, code, data: published ?? (draft.data ? await put(draft.data) : null) })
}

const TRIAL_CID = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'
const sourceAt = (cid: Cid) => ({ uri: `ipfs://${cid}`, cid })

/** Data that somebody has published already, with its size as its own root says; undefined where the draft brings its bytes along. */
async function findPublished({ blocks, holders }: RequesterComponents, { dataUri }: JobDraft, signal?: AbortSignal) {
  if (dataUri === undefined) return undefined
  const cid = cidOfUri(dataUri)
  return { ...sourceAt(cid), bytes: await blocks.size(cid, { ...(signal && { signal }), providers: holders() }) }
}

function randomSeed(randomBytes: () => Uint8Array = () => crypto.getRandomValues(new Uint8Array(32))): string {
  return fieldToHex(bytesToBigInt(randomBytes()) % FIELD_ORDER)
}

/** The plan of each MacroJob: the ids that every peer computes again from the seed. */
function plansOf(info: JobInfo): RecordOf<'plan'>[] {
  return Array.from({ length: info.slicing.macroJobs }, (_, macro) => planOf(info, macro))
}

/** Adds who took the Job to `holders`, also where it ends with an error. */
async function findHolders(
  components: RequesterComponents,
  jobId: JobId,
  holders: PeerId[],
  { signal, onProgress, onWarning }: PlaceOptions,
) {
  const candidates = components.holders()
  const refusals: string[] = []
  for (const peer of candidates) {
    if (holders.length >= HOLDERS_WANTED) break
    const reply = await askToHold(components.streams, peer, jobId, signal)
    if (reply?.type === 'held') holders.push(peer)
    signal?.throwIfAborted()
    if (reply?.type === 'held') onProgress?.(`${holders.length} peer(s) hold the Job`)
    else refusals.push(reply?.type === 'refused' ? refusalOf(reply) : 'no answer')
    if (reply?.type === 'refused' && reply.code === 'no-chain')
      onWarning?.(`${peer} does not hold the Job: it was not given the chain that pays`)
  }
  if (holders.length === 0) throw new NoHolderError(candidates.length, refusals)
}

/** What a holder says, in words of ours. */
const refusalOf = ({ code, reason }: Extract<HoldReply, { type: 'refused' }>) => (reason === undefined ? code : `${code}: ${FULL[reason]}`)

const FULL = {
  disk: 'its disk has no room for the Job and its results',
  places: 'all its places are taken',
  requester: 'you have as many open Jobs there as one key may have',
  network: 'your network has as many open Jobs there as one may have',
}

async function askToHold(streams: Streams, peer: PeerId, jobId: JobId, signal?: AbortSignal): Promise<HoldReply | undefined> {
  let last: HoldReply | undefined
  try {
    const request = holdRequestCodec.encode({ jobId })
    for await (const frame of streams.request(peer, HOLD_SPEC, request, { ...(signal && { signal }) })) last = holdReplyCodec.decode(frame)
  } catch {
    // The next candidate is asked; with none left, NoHolderError says how many were.
    return undefined
  }
  return last
}
