import { EXIT, MingaError } from '../errors.ts'
import type { EscrowJob } from '../ports.ts'

/** The command line itself is wrong: an unknown command or flag, a missing argument. */
export class UsageError extends MingaError {
  override readonly name = 'UsageError'
  readonly exitCode = EXIT.usage
}

/** A file that was named cannot be read. */
export class FileUnreadableError extends MingaError {
  override readonly name = 'FileUnreadableError'
  readonly exitCode = EXIT.usage
  readonly path: string

  constructor(what: string, path: string, cause: unknown, hint?: string) {
    const code = (cause as { code?: string }).code
    const found = code === 'ENOENT' ? 'nothing there' : code === 'EISDIR' ? 'a directory' : (code ?? String(cause))
    const otherwise = found === 'a pipe or a device' ? 'name a plain file' : 'check the path and its permissions'
    super({ message: `expected ${what} at ${path}, found ${found}`, hint: hint ?? otherwise, cause })
    this.path = path
  }
}

/** A file should be JSON and is not; the place is that of the first character that does not fit. */
export class JsonSyntaxError extends MingaError {
  override readonly name = 'JsonSyntaxError'
  readonly exitCode = EXIT.usage
  readonly path: string
  /** Counted from 1. */
  readonly line: number
  readonly column: number

  constructor(path: string, at: { line: number; column: number; expected: string; found: string }, cause?: unknown) {
    super({
      message: `${path}:${at.line}:${at.column}: expected ${at.expected}, found ${at.found}`,
      hint: 'mend the JSON and try again',
      cause,
    })
    this.path = path
    this.line = at.line
    this.column = at.column
  }
}

/** A result has a name that is no plain file name; nothing of it was written. */
export class UnsafeFileNameError extends MingaError {
  override readonly name = 'UnsafeFileNameError'
  readonly exitCode = EXIT.verification
  readonly fileName: string

  constructor(fileName: string) {
    super({
      message: `expected a plain file name in the result, found ${JSON.stringify(fileName.slice(0, 200))}`,
      hint: 'nothing was written outside the directory; tell whoever wrote the Job',
    })
    this.fileName = fileName
  }
}

const WRITE_FAULTS: Readonly<Record<string, string>> = {
  EEXIST: 'a file where a directory should be',
  ENOTDIR: 'a file where a directory should be',
  EISDIR: 'a directory in its place',
  ENOENT: 'a folder that takes no others',
  EACCES: 'no permission',
  EROFS: 'a read-only disk',
  ENOSPC: 'a full disk',
}

/** The directory for the results cannot be written. */
export class ResultsUnwritableError extends MingaError {
  override readonly name = 'ResultsUnwritableError'
  readonly exitCode = EXIT.usage
  readonly path: string

  constructor(path: string, cause: unknown) {
    const code = (cause as { code?: string }).code
    super({
      message: `expected to write results to ${path}, found ${WRITE_FAULTS[code ?? ''] ?? code ?? String(cause)}`,
      hint: 'name another directory with -o, or free some space',
      cause,
    })
    this.path = path
  }
}

/** The Job came to an end, and not a good one. */
export class JobEndedError extends MingaError {
  override readonly name = 'JobEndedError'
  readonly exitCode = EXIT.jobFailed
  readonly jobId: string

  constructor(jobId: string, state: 'failed' | 'cancelled' | 'expired', reason: string | undefined) {
    super({
      message: `expected Job ${jobId} to end agreed, found it ${state}${reason === undefined ? '' : `: ${reason}`}`,
      ...(state === 'failed' ? { hint: '`minga place --dry-run` runs one block here and shows what the code does' } : {}),
    })
    this.jobId = jobId
  }
}

/** Somebody pressed Ctrl-C, or asked the process to end. */
export class InterruptedError extends MingaError {
  override readonly name = 'InterruptedError'
  readonly exitCode = EXIT.interrupted
  readonly signal: string

  constructor(signal: string, hint?: string) {
    super({ message: `interrupted by ${signal}`, ...(hint !== undefined && { hint }) })
    this.signal = signal
  }
}

/** The escrow holds no such Job of that wallet. */
export class EscrowMissingError extends MingaError {
  override readonly name = 'EscrowMissingError'
  readonly exitCode = EXIT.usage
  readonly jobId: string

  constructor(jobId: string, requester: string) {
    super({
      message: `expected the Job ${jobId} of ${requester} in the escrow, found none`,
      hint: 'name the wallet that opened it with --requester; an unpaid Job has no escrow',
    })
    this.jobId = jobId
  }
}

/** The escrow gives nothing back now: the deadline is ahead, or nothing is left. */
export class NotRefundableError extends MingaError {
  override readonly name = 'NotRefundableError'
  readonly exitCode = EXIT.jobFailed
  readonly jobId: string
  readonly deadline: number

  constructor(jobId: string, { state, deadline }: Pick<EscrowJob, 'state' | 'deadline'>) {
    const date = new Date(deadline * 1000).toISOString()
    const isOver = state !== 'open' && state !== 'working'
    super({
      message: `expected an escrow whose deadline has passed, found ${isOver ? `one that is ${state}` : `the deadline of Job ${jobId} ahead, ${date}`}: nothing was changed`,
      hint: isOver ? '`minga wallet --client` shows the credit' : 'its peers ask for it then; before its work has begun, --cancel does',
    })
    this.jobId = jobId
    this.deadline = deadline
  }
}
