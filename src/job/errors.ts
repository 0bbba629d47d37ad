import { EXIT, MingaError } from '../errors.ts'
import type { EscrowJob, EscrowJobState } from '../ports.ts'

/** One thing wrong with a value somebody gave: where it stands, and what was expected there. */
export interface Problem {
  /** Dotted path into the value, `` for the whole. */
  path: string
  message: string
}

/** All problems in one line. */
export function listed(problems: readonly Problem[]): string {
  return problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ')
}

/** A Job's description cannot be used; `problems` lists all that is wrong with it, not only the first. */
export class InvalidJobInfoError extends MingaError {
  override readonly name = 'InvalidJobInfoError'
  readonly exitCode = EXIT.usage
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super({
      message: `the Job's description has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}: ${listed(problems)}`,
      hint: `mend ${problems.length === 1 ? 'it' : 'them'} and place the Job again`,
    })
    this.problems = problems
  }
}

/** A value of a Job's log that its author had no right to write, or that is no record at all. */
export class UnexpectedRecordError extends MingaError {
  override readonly name = 'UnexpectedRecordError'
  readonly exitCode = EXIT.network
  readonly reason: 'malformed' | 'wrong-key' | 'not-the-requester' | 'wrong-job' | 'wrong-certificate'
  readonly key: string

  constructor(reason: UnexpectedRecordError['reason'], key: string) {
    super({ message: `expected a record of the Job under ${key.slice(0, 80)}, found one that is ${reason}` })
    this.reason = reason
    this.key = key
  }
}

/** The escrow does not give the price of a Job back now. */
export class NotCancellableError extends MingaError {
  override readonly name = 'NotCancellableError'
  readonly exitCode = EXIT.jobFailed
  readonly jobId: string
  readonly state: EscrowJobState | undefined

  constructor(jobId: string, job: Pick<EscrowJob, 'state' | 'deadline'> | undefined) {
    super({
      message: `expected an escrow that nobody works for, found ${foundOf(job)}: Job ${jobId} is not cancelled`,
      hint: hintOf(jobId, job),
    })
    this.jobId = jobId
    this.state = job?.state
  }
}

function foundOf(job: Pick<EscrowJob, 'state'> | undefined): string {
  if (job === undefined) return 'none'
  if (job.state === 'working') return 'that the work has begun'
  return job.state === 'settled' ? 'all of it settled and paid' : `it ${job.state} before`
}

function hintOf(jobId: string, job: Pick<EscrowJob, 'state' | 'deadline'> | undefined): string {
  if (job === undefined)
    return 'nothing of it is paid now; a payment that is under way may arrive yet, so try again when the chain has moved on'
  if (job.state === 'settled') return `\`minga results ${jobId} -o out/\` fetches its result`
  if (job.state !== 'working') return '`minga wallet --client` shows the credit, `minga wallet withdraw --client` fetches it'
  return `what is not settled by its deadline, ${new Date(job.deadline * 1000).toISOString()}, comes back by itself; \`minga watch ${jobId}\` shows how far it is`
}
