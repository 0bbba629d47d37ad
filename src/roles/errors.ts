import { EXIT, MingaError } from '../errors.ts'
import type { Payment } from '../job/payment.ts'
import type { JobProgress } from '../job/progress.ts'
import { MAX_ATTEMPTS } from '../job/records.ts'
import { formatTokens } from '../job/tokens.ts'

/** Nobody took the Job in: a Job that only its requester holds is lost when the requester leaves. */
export class NoHolderError extends MingaError {
  override readonly name = 'NoHolderError'
  readonly exitCode = EXIT.network
  readonly asked: number
  readonly refusals: readonly string[]

  /** `refusals`: one a peer that was asked, in words. */
  constructor(asked: number, refusals: readonly string[]) {
    const found =
      asked === 0 ? 'no peer is connected' : `of ${asked} peer(s) asked, none took it (${[...new Set(refusals)].join('; ') || 'no answer'})`
    super({
      message: `expected a peer that holds the Job while you are away; ${found}`,
      hint: refusals.includes('no-chain')
        ? 'give your bootstrap node the chain file of this chain: `minga bootstrap --chain-file <file>`; without it nobody keeps the results of paid Jobs'
        : 'check --bootstrap, and that a bootstrap node with free space is running; `minga peers` shows who answers',
    })
    this.asked = asked
    this.refusals = refusals
  }
}

/** No peer that was asked knows the Job. */
export class JobNotFoundError extends MingaError {
  override readonly name = 'JobNotFoundError'
  readonly exitCode = EXIT.network
  readonly jobId: string

  constructor(jobId: string) {
    super({
      message: `expected a Job that some connected peer holds, found nobody who knows ${jobId}`,
      hint: '`minga jobs` lists the open Jobs that are known here; check the id and --bootstrap',
    })
    this.jobId = jobId
  }
}

/** What was waited for, or asked, of a Job that is followed no more: its handle was closed. */
export class JobClosedError extends MingaError {
  override readonly name = 'JobClosedError'
  readonly exitCode = EXIT.usage
  readonly jobId: string

  constructor(jobId: string) {
    super({
      message: `expected Job ${jobId} to be followed, found its handle closed`,
      hint: 'the Job goes on without it; `client.job(jobId)` follows it again',
    })
    this.jobId = jobId
  }
}

/** The Job ended without a result. */
export class JobFailedError extends MingaError {
  override readonly name = 'JobFailedError'
  readonly exitCode = EXIT.jobFailed
  readonly jobId: string
  readonly reason: string

  constructor(jobId: string, reason: string, hint = 'run `minga place --dry-run job.json` to see what a block of it does on this machine') {
    super({ message: `expected the Job's result, but the Job has ended: ${reason}`, hint })
    this.jobId = jobId
    this.reason = reason
  }
}

/** How a Job ended that has no result, as an error; undefined where it may still have one. */
export function failureOfJob({ jobId, state, failure }: Pick<JobProgress, 'jobId' | 'state' | 'failure'>): JobFailedError | undefined {
  if (failure === 'attempts') return new JobFailedError(jobId, `its peers came to no agreement in ${MAX_ATTEMPTS} attempts`)
  if (state === 'failed') return new JobFailedError(jobId, `peers gave it up (${failure})`)
  if (state === 'cancelled') return new JobFailedError(jobId, 'its requester cancelled it', 'place it again to have it computed')
  if (state !== 'expired') return undefined
  const hint =
    'place it again with a later deadline; what a paid one did not pay comes back (`minga escrow`, with --refund where nobody was left to see to it)'
  return new JobFailedError(jobId, 'its deadline has passed', hint)
}

/** Results were asked for before the Job is agreed, and settled where it is paid. */
export class JobNotFinishedError extends MingaError {
  override readonly name = 'JobNotFinishedError'
  readonly exitCode = EXIT.timeout
  readonly jobId: string

  constructor(jobId: string, agreed: number, total: number) {
    const isAgreed = agreed === total
    super({
      message: `expected a finished Job, found one with ${agreed} of ${total} MicroJobs agreed${isAgreed ? ', not settled yet' : ''}`,
      hint: `\`minga watch ${jobId}\` waits for ${isAgreed ? 'it' : 'the rest'}`,
    })
    this.jobId = jobId
  }
}

/** What a Job lacks that is under way, as an error; undefined where it lacks nothing but its report, or has ended. */
export function unfinishedOf({ jobId, state, isPaidOut, microJobs }: JobProgress): JobNotFinishedError | undefined {
  const isUnderWay = state === 'open' || (state === 'agreed' && !isPaidOut)
  return isUnderWay ? new JobNotFinishedError(jobId, microJobs.agreed, microJobs.total) : undefined
}

/** A result file does not hold the blocks that the peers agreed on. */
export class ResultRefusedError extends MingaError {
  override readonly name = 'ResultRefusedError'
  readonly exitCode = EXIT.verification
  readonly macro: number
  readonly micro: number

  constructor(macro: number, micro: number) {
    super({
      message: `expected the agreed blocks of MacroJob ${macro}, MicroJob ${micro}, found other bytes`,
      hint: 'nothing was written; try again with other peers connected',
    })
    this.macro = macro
    this.micro = micro
  }
}

/** A processor has revealed a result, and nobody gives its bytes as committed to. */
export class ResultNotServedError extends MingaError {
  override readonly name = 'ResultNotServedError'
  readonly exitCode = EXIT.network
  readonly macro: number
  readonly micro: number
  readonly author: string

  constructor(macro: number, micro: number, author: string) {
    super({
      message: `expected the bytes of MacroJob ${macro}, MicroJob ${micro} from ${author} or a holder, found them nowhere as committed to`,
    })
    this.macro = macro
    this.micro = micro
    this.author = author
  }
}

/** The Job's result is agreed, but none of its reports is signed and says what the records say. */
export class ReportUnverifiedError extends MingaError {
  override readonly name = 'ReportUnverifiedError'
  readonly exitCode = EXIT.verification
  readonly jobId: string
  readonly problems: readonly string[]

  constructor(jobId: string, problems: readonly string[]) {
    super({
      message: `expected a report that fits the Job's records, found ${problems.length === 0 ? 'none' : problems.join('; ')}`,
      hint: 'the result itself is verified block by block; ask again later for the report',
    })
    this.jobId = jobId
    this.problems = problems
  }
}

/** There is nothing left to call off: the Job has ended, and not by being called off. */
export class JobOverError extends MingaError {
  override readonly name = 'JobOverError'
  readonly exitCode = EXIT.jobFailed
  readonly jobId: string
  readonly state: string

  constructor(jobId: string, state: string) {
    super({
      message: `expected a Job that is still under way, found one that is ${state}: nothing was changed`,
      hint: state === 'agreed' ? `\`minga results ${jobId} -o out/\` fetches its result` : `\`minga watch ${jobId}\` says how it ended`,
    })
    this.jobId = jobId
    this.state = state
  }
}

/** A Job is called off here, and no other peer has taken the word: those that are not reached go on, and where only this client has it, it is lost with it. */
export class CancelUnheardError extends MingaError {
  override readonly name = 'CancelUnheardError'
  readonly exitCode = EXIT.network
  readonly jobId: string

  constructor(jobId: string, asked: number, waitedMs: number) {
    const found = asked === 0 ? 'no peer connected' : `none of ${asked} that answered`
    super({
      message: `expected a peer to hear that Job ${jobId} is cancelled, found ${found} in ${waitedMs / 1000} s: it is written here, and nobody else has it`,
      hint: 'cancel it again when a peer that holds it is back; a client that keeps nothing on disk must stay open until then',
    })
    this.jobId = jobId
  }
}

/** Only the requester may call a Job off. */
export class NotTheRequesterError extends MingaError {
  override readonly name = 'NotTheRequesterError'
  readonly exitCode = EXIT.usage
  readonly requester: string

  constructor(jobId: string, requester: string) {
    super({
      message: `expected the key of the requester ${requester}, found another: Job ${jobId} is not ours to cancel`,
      hint: 'use the data directory or identity file that the Job was placed with',
    })
    this.requester = requester
  }
}

/** This peer's own terms keep it out of a Job (its price, its time or its memory), or the Job is over. */
export class JobRefusedError extends MingaError {
  override readonly name = 'JobRefusedError'
  readonly exitCode = EXIT.usage
  readonly jobId: string
  readonly reason: string
  /** False where the Job may yet go on. */
  readonly isForGood: boolean

  constructor(jobId: string, reason: string, isForGood = true) {
    super({ message: `expected a Job within this peer's terms, found ${reason}`, hint: '`minga config` shows the terms that it keeps' })
    this.jobId = jobId
    this.reason = reason
    this.isForGood = isForGood
  }
}

/** The ids that the requester wrote for a MacroJob are not those that follow from the Job's seed. */
export class WrongPlanError extends MingaError {
  override readonly name = 'WrongPlanError'
  readonly exitCode = EXIT.verification
  readonly jobId: string
  readonly macro: number

  constructor(jobId: string, macro: number) {
    super({
      message: `expected the ids of MacroJob ${macro} to follow from the seed of Job ${jobId}, found others`,
      hint: 'the Job cannot be settled as it is; place it again',
    })
    this.jobId = jobId
    this.macro = macro
  }
}

/** The escrow takes none of a settlement, for what `cause` says. The proof is kept, and offered again after `retryMs`. */
export class SettlementRefusedError extends MingaError {
  override readonly name = 'SettlementRefusedError'
  readonly exitCode = EXIT.jobFailed
  readonly jobId: string
  readonly chunk: number
  readonly retryMs: number

  constructor(jobId: string, chunk: number, cause: Error, retryMs: number) {
    super({
      message: `expected the escrow to take the settlement of chunk ${chunk} of Job ${jobId}, found it refused: ${cause.message}`,
      hint: 'docs/SETTLEMENT.md says of each refusal whom it names; what is not settled by the deadline goes back to the requester',
      cause,
    })
    this.jobId = jobId
    this.chunk = chunk
    this.retryMs = retryMs
  }
}

/** A Job has a price, and no chain was given that holds it. */
export class NoPayingChainError extends MingaError {
  override readonly name = 'NoPayingChainError'
  readonly exitCode = EXIT.usage

  constructor(unitPriceWei: bigint) {
    super({
      message: `expected a chain to pay the Job with, found a price of ${formatTokens(unitPriceWei)} tokens a MicroJob and no chain in the settings`,
      hint: 'give its file with --chain-file (a program: createClient({ chain })), or leave unitPriceWei out: then nobody is paid',
    })
  }
}

/** A paid Job is called off by the wallet that paid for it, and by no other. */
export class NotThePayerError extends MingaError {
  override readonly name = 'NotThePayerError'
  readonly exitCode = EXIT.usage
  readonly payer: string

  constructor(jobId: string, payer: string, found: string) {
    super({
      message: `expected the key of the wallet ${payer}, which paid for Job ${jobId}, found that of ${found}: nothing was changed`,
      hint: 'give its key with --wallet-key-file (a program: connectChain({ walletKey })), or leave the flag out where it is the one in the data directory',
    })
    this.payer = payer
  }
}

/** Without the chain that holds its price a paid Job can be neither called off nor followed: what is agreed stands there. */
export class OtherChainError extends MingaError {
  override readonly name = 'OtherChainError'
  readonly exitCode = EXIT.usage
  readonly jobId: string
  readonly escrow: string

  constructor(
    jobId: string,
    { chainId, escrow }: Pick<Payment, 'chainId' | 'escrow'>,
    found: Pick<Payment, 'chainId' | 'escrow'> | undefined,
  ) {
    super({
      message: `expected the escrow ${escrow} on chain ${chainId}, which holds the price of Job ${jobId}, found ${found === undefined ? 'no chain in the settings' : `${found.escrow} on chain ${found.chainId}`}`,
      hint: 'give its file with --chain-file (a program: createClient({ chain }))',
    })
    this.jobId = jobId
    this.escrow = escrow
  }
}

/** The chain does not say where a paid Job stands, and it alone knows. */
export class EscrowUnreadError extends MingaError {
  override readonly name = 'EscrowUnreadError'
  readonly exitCode = EXIT.network
  readonly jobId: string
  /** `absent`: the chain answers, and has no escrow of this Job. */
  readonly found: 'unread' | 'absent'

  constructor(jobId: string, found: 'unread' | 'absent') {
    super({
      message: `expected the chain to say where the paid Job ${jobId} stands, found ${found === 'unread' ? 'it silent' : 'no escrow of this Job on it'}`,
      hint:
        found === 'unread'
          ? 'check --chain-rpc, or the endpoints in the chain file, and ask again'
          : 'is it the chain that the Job was placed on? One for development that has begun anew knows no earlier Jobs',
    })
    this.jobId = jobId
    this.found = found
  }
}

/** The price of a Job that was not placed lies in escrow, or may soon. What is needed to take it back is on this disk. */
export class PriceInEscrowError extends MingaError {
  override readonly name = 'PriceInEscrowError'
  readonly exitCode = EXIT.timeout
  readonly jobId: string

  constructor(jobId: string, cause: unknown) {
    super({
      message: `expected Job ${jobId} to be placed, found that it is not and that its price may be in escrow all the same: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: `\`minga cancel ${jobId}\` takes it back, as does \`minga escrow ${jobId} --cancel\`; placing it again would be another Job, paid once more`,
      cause,
    })
    this.jobId = jobId
  }
}
