import { EXIT, MingaError } from '../errors.ts'
import type { PeerId } from '../ports.ts'

/**
 * Why an envelope, or a proof, was refused. The first group is wrong for every peer alike (`blame` is true: an honest relay would have
 * refused it too); the second depends on what this peer holds.
 */
export type RefusalCode =
  | 'too-large'
  | 'malformed'
  | 'wrong-client'
  | 'wrong-clock'
  | 'wrong-key'
  | 'duplicate-key'
  | 'schema'
  | 'bad-signature'
  | 'not-the-author'
  | 'no-proof'
  | 'author-not-allowed'
  | 'author-convicted'
  | 'key-exists'
  | 'wrong-total'
  | 'log-full'
  | 'client-collision'
  | 'held-full'
  | 'store-behind'

const BLAMELESS: ReadonlySet<RefusalCode> = new Set<RefusalCode>([
  'author-not-allowed',
  'author-convicted',
  'key-exists',
  'wrong-total',
  'log-full',
  'client-collision',
  'held-full',
  'store-behind',
])

/** What a stranger sent was refused, and nothing of it was applied. */
export class EnvelopeRefusedError extends MingaError {
  override readonly name = 'EnvelopeRefusedError'
  readonly exitCode = EXIT.verification
  readonly code: RefusalCode

  constructor(code: RefusalCode, message: string, cause?: unknown) {
    super({ message: `Log envelope refused (${code}): ${message}`, hint: 'Nothing to do: nothing of it was applied.', cause })
    this.code = code
  }

  /** True where the peer that passed it on could have known. */
  get blame(): boolean {
    return !BLAMELESS.has(this.code)
  }
}

export class LogKeyInvalidError extends MingaError {
  override readonly name = 'LogKeyInvalidError'
  readonly exitCode = EXIT.usage
  readonly key: string

  constructor(key: string, maxBytes: number) {
    super({
      message: `Expected a log key of 1 to ${maxBytes} printable ASCII characters without spaces; found ${JSON.stringify(key.slice(0, 80))}.`,
      hint: 'Build keys from ids and numbers.',
    })
    this.key = key
  }
}

export class LogValueTooLargeError extends MingaError {
  override readonly name = 'LogValueTooLargeError'
  readonly exitCode = EXIT.usage
  readonly key: string
  readonly bytes: number
  readonly maxBytes: number

  constructor(key: string, bytes: number, maxBytes: number) {
    super({
      message: `Expected a log value of at most ${maxBytes} bytes for ${key}; found ${bytes}.`,
      hint: 'Put the bytes into storage and log their CID.',
    })
    this.key = key
    this.bytes = bytes
    this.maxBytes = maxBytes
  }
}

/** The log is insert-only: this author has already written another value under the key. */
export class LogKeyTakenError extends MingaError {
  override readonly name = 'LogKeyTakenError'
  readonly exitCode = EXIT.usage
  readonly key: string

  constructor(key: string) {
    super({ message: `Expected a new log key; ${key} already has another value.`, hint: 'Write a new key: a logged value never changes.' })
    this.key = key
  }
}

/** One more envelope would pass what an author may have in one Job; other peers would convict this one for it. */
export class LogQuotaError extends MingaError {
  override readonly name = 'LogQuotaError'
  readonly exitCode = EXIT.jobFailed
  readonly jobId: string

  constructor(jobId: string, what: string) {
    super({
      message: `Expected this peer's log of Job ${jobId} to stay within its quota; ${what}.`,
      hint: 'Log less: one record a MicroJob, bulk bytes in storage.',
    })
    this.jobId = jobId
  }
}

/** Others hold proof that this peer's key signed two histories: nothing of it is accepted in this Job any more. */
export class AuthorConvictedError extends MingaError {
  override readonly name = 'AuthorConvictedError'
  readonly exitCode = EXIT.jobFailed
  readonly author: PeerId

  constructor(jobId: string, author: PeerId) {
    super({
      message: `Expected ${author} to be able to write to Job ${jobId}; there is proof that its key signed two histories.`,
      hint: 'Make sure that one key is used by one process with one data directory; use a new key.',
    })
    this.author = author
  }
}

/** The store took no write (disk full, read-only, failing). What was to be appended is not in the log. */
export class LogUnwritableError extends MingaError {
  override readonly name = 'LogUnwritableError'
  readonly exitCode = EXIT.jobFailed

  constructor(cause: unknown) {
    super({
      message: 'Expected the log store to take a write; it failed, and the replica is read-only until one succeeds.',
      hint: 'Free space on the disk of the data directory or make it writable; then try again.',
      cause,
    })
  }
}

/** The store gave no answer to a read. */
export class LogUnreadableError extends MingaError {
  override readonly name = 'LogUnreadableError'
  readonly exitCode = EXIT.jobFailed

  constructor(cause: unknown) {
    super({
      message: 'Expected the log store to answer a read; it failed.',
      hint: 'Check the disk of the data directory; if it is damaged, start with an empty one: logs are fetched from peers again.',
      cause,
    })
  }
}

/** The store on disk could be neither opened, repaired nor set aside. */
export class StoreUnusableError extends MingaError {
  override readonly name = 'StoreUnusableError'
  readonly exitCode = EXIT.usage
  readonly path: string

  constructor(path: string, cause: unknown) {
    super({
      message: `Expected a usable log store at ${path}; it can be neither opened, repaired nor set aside.`,
      hint: 'Check the permissions and the disk, or give another data directory: logs are fetched from peers again.',
      cause,
    })
    this.path = path
  }
}

export class JobIdInvalidError extends MingaError {
  override readonly name = 'JobIdInvalidError'
  readonly exitCode = EXIT.usage

  constructor(jobId: string) {
    super({
      message: `Expected a Job id of 1 to 96 letters, digits, - or _; found ${JSON.stringify(jobId.slice(0, 140))}.`,
      hint: 'Take the id from the announcement of the Job.',
    })
  }
}

export class LogClosedError extends MingaError {
  override readonly name = 'LogClosedError'
  readonly exitCode = EXIT.usage

  constructor(jobId: string) {
    super({ message: `Expected an open log of Job ${jobId}; it was closed.`, hint: 'Open it again.' })
  }
}

/** The peer answered, and has no open log of that Job. */
export class PeerLacksLogError extends MingaError {
  override readonly name = 'PeerLacksLogError'
  readonly exitCode = EXIT.network
  readonly peer: PeerId

  constructor(jobId: string, peer: PeerId) {
    super({ message: `Expected ${peer} to have a log of Job ${jobId}; it has none open.`, hint: 'Ask a peer that works on the Job.' })
    this.peer = peer
  }
}

/** The peer's answer to a sync is not one. */
export class SyncProtocolError extends MingaError {
  override readonly name = 'SyncProtocolError'
  readonly exitCode = EXIT.network
  readonly peer: PeerId

  constructor(peer: PeerId, cause: unknown) {
    super({ message: `Expected frames of the log protocol from ${peer}; found something else.`, hint: 'Ask another peer.', cause })
    this.peer = peer
  }
}
