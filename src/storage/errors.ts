import type { ExitCode } from '../errors.ts'
import { EXIT, MingaError } from '../errors.ts'
import type { Cid, PeerId } from '../ports.ts'

/** What one source answered when it was asked for a block. */
export interface Attempt {
  /** The peer that was asked, or the way (`bitswap`, `routing`) where no single peer was. */
  source: string
  reason: string
  /** True where it answered, and what it answered is that it lacks the block. */
  lacks?: boolean
}

/** A block is neither here nor at any of the peers that were asked. */
export class BlockNotFoundError extends MingaError {
  override readonly name = 'BlockNotFoundError'
  readonly exitCode: ExitCode = EXIT.network
  readonly cid: Cid
  readonly attempts: readonly Attempt[]

  constructor(cid: Cid, attempts: readonly Attempt[] = [], cause?: unknown) {
    const tried =
      attempts.length === 0 ? 'and no provider was given' : `nor at ${attempts.map((a) => `${a.source} (${a.reason})`).join(', ')}`
    super({
      message: `Block ${cid} was not found here ${tried}`,
      hint: 'Name a peer of the network that holds it with --bootstrap; it may be offline.',
      cause,
    })
    this.cid = cid
    this.attempts = attempts
  }
}

/** How a provider's answer broke the rules: not the CID's bytes, more than was asked for, something nobody asked for, or a block that stops in the middle. */
export type WrongBytesKind = 'hash' | 'oversize' | 'unsolicited' | 'malformed'

/** A provider answered with bytes that are not those of the CID. Nothing of the answer was kept. */
export class WrongBytesError extends MingaError {
  override readonly name = 'WrongBytesError'
  readonly exitCode: ExitCode = EXIT.verification
  readonly cid: Cid
  readonly peer: PeerId
  readonly kind: WrongBytesKind

  constructor({ cid, peer, kind, cause }: { cid: Cid; peer: PeerId; kind: WrongBytesKind; cause?: unknown }) {
    super({
      message: `Peer ${peer} should have sent block ${cid} and sent ${kind === 'hash' ? 'bytes with another hash' : `an answer that is ${kind}`}`,
      hint: 'Nothing of it was kept; ask another provider.',
      cause,
    })
    this.cid = cid
    this.peer = peer
    this.kind = kind
  }
}

/** Text or bytes that are not a CID which Minga accepts: v0 or v1, raw or dag-pb, sha2-256 or a small identity hash. */
export class InvalidCidError extends MingaError {
  override readonly name = 'InvalidCidError'
  readonly exitCode: ExitCode = EXIT.usage
  readonly text: string
  readonly reason: string

  constructor(text: string, reason: string, cause?: unknown) {
    const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text
    super({ message: `"${shown}" is not an accepted CID: ${reason}`, hint: 'Use a CID of a raw or UnixFS file with sha2-256.', cause })
    this.text = shown
    this.reason = reason
  }
}

/** The blocks behind a CID have the right hashes but are no well-formed, honestly sized file. */
export class MalformedDagError extends MingaError {
  override readonly name = 'MalformedDagError'
  readonly exitCode: ExitCode = EXIT.verification
  readonly cid: Cid
  readonly reason: string

  constructor(cid: Cid, reason: string, cause?: unknown) {
    super({ message: `${cid} is not a file that can be read: ${reason}`, hint: 'Whoever made this CID must store the file again.', cause })
    this.cid = cid
    this.reason = reason
  }
}

/** The file, or what a peer sends of it, is larger than the caller allows. */
export class FileTooLargeError extends MingaError {
  override readonly name = 'FileTooLargeError'
  readonly exitCode: ExitCode = EXIT.jobFailed
  readonly cid: Cid
  readonly bytes: number
  readonly maxBytes: number

  constructor(cid: Cid, bytes: number, maxBytes: number) {
    super({ message: `${cid} needs ${bytes} bytes and at most ${maxBytes} are allowed`, hint: 'Raise maxBytes, or read it in ranges.' })
    this.cid = cid
    this.bytes = bytes
    this.maxBytes = maxBytes
  }
}

/** The asked range does not lie inside the file. */
export class OutOfRangeError extends MingaError {
  override readonly name = 'OutOfRangeError'
  readonly exitCode: ExitCode = EXIT.usage
  readonly cid: Cid
  readonly offset: number
  readonly length: number | undefined
  readonly sizeBytes: number

  constructor(cid: Cid, range: { offset: number; length: number | undefined }, sizeBytes: number) {
    super({
      message: `${cid} has ${sizeBytes} bytes; offset ${range.offset} and length ${range.length ?? 'to the end'} do not lie inside`,
      hint: 'Check the slicing of the Job against the size of its data.',
    })
    this.cid = cid
    this.offset = range.offset
    this.length = range.length
    this.sizeBytes = sizeBytes
  }
}

/** No room is left where the bytes should go. What was written of them is gone again; reading goes on. */
export class DiskFullError extends MingaError {
  override readonly name = 'DiskFullError'
  readonly exitCode: ExitCode = EXIT.usage
  readonly path: string
  readonly freeBytes: number | undefined

  constructor({ path, freeBytes, cause }: { path: string; freeBytes?: number; cause?: unknown }) {
    super({
      message: `No space is left at ${path}${freeBytes === undefined ? '' : ` (${freeBytes} bytes free)`}`,
      hint: 'Free some space, or lower the storage limit so that finished Jobs are collected sooner.',
      cause,
    })
    this.path = path
    this.freeBytes = freeBytes
  }
}

/** The disk refused to read or write for another reason than space. */
export class StoreFailedError extends MingaError {
  override readonly name = 'StoreFailedError'
  readonly exitCode: ExitCode = EXIT.usage
  readonly path: string
  readonly operation: string

  constructor(operation: string, path: string, cause?: unknown) {
    super({
      message: `Could not ${operation} ${path}: ${errorCode(cause) ?? innermostMessage(cause)}`,
      hint: 'Check the disk and its permissions.',
      cause,
    })
    this.path = path
    this.operation = operation
  }
}

export type DataDirectoryFault = 'not-a-directory' | 'not-writable' | 'read-only-disk' | 'corrupt' | 'newer-version' | 'unreadable'

const FAULT_WORDS: Record<DataDirectoryFault, string> = {
  'not-a-directory': 'is not a directory',
  'not-writable': 'is not writable',
  'read-only-disk': 'is on a read-only disk',
  corrupt: 'is corrupt',
  'newer-version': 'was written by a newer version',
  unreadable: 'is unreadable',
}

const FAULT_HINTS: Record<DataDirectoryFault, string> = {
  'not-a-directory': 'Name a directory, or remove the file that stands there.',
  'not-writable': 'Give the user that runs the peer write access, or name another directory.',
  'read-only-disk': 'Remount the disk writable, or name a directory on another one.',
  corrupt: 'Move the named file away; blocks are verified when they are read, so the rest can stay.',
  'newer-version': 'Start the newer Minga that wrote it, or name another directory.',
  unreadable: 'Check the disk.',
}

/** The data directory cannot be used as it is. */
export class DataDirectoryUnusableError extends MingaError {
  override readonly name = 'DataDirectoryUnusableError'
  readonly exitCode: ExitCode = EXIT.usage
  readonly path: string
  readonly fault: DataDirectoryFault

  constructor(path: string, fault: DataDirectoryFault, cause?: unknown) {
    super({ message: `The data directory cannot be used: ${path} ${FAULT_WORDS[fault]}`, hint: FAULT_HINTS[fault], cause })
    this.path = path
    this.fault = fault
  }
}

/** A URI of a scheme that storage cannot fetch. */
export class UnsupportedUriError extends MingaError {
  override readonly name = 'UnsupportedUriError'
  readonly exitCode: ExitCode = EXIT.usage
  /** The scheme alone, so that no credential can slip into a log. */
  readonly scheme: string
  readonly supported: readonly string[]

  constructor(scheme: string, supported: readonly string[]) {
    super({
      message: `URIs of scheme "${scheme}" are not supported; supported are ${supported.join(', ')}`,
      hint: `Use one of ${supported.join(', ')}.`,
    })
    this.scheme = scheme
    this.supported = supported
  }
}

/** A URI that does not parse. Its text, credentials hidden, is in `uri`. */
export class InvalidUriError extends MingaError {
  override readonly name = 'InvalidUriError'
  readonly exitCode: ExitCode = EXIT.usage
  readonly uri: string
  readonly reason: string

  constructor(redactedUri: string, reason: string, cause?: unknown) {
    super({ message: `"${redactedUri}" is not a valid URI: ${reason}`, hint: 'Write it as ipfs://<cid> or name a local file.', cause })
    this.uri = redactedUri
    this.reason = reason
  }
}

/** A path leads out of the directory it must stay in, or is not a plain file. */
export class PathRefusedError extends MingaError {
  override readonly name = 'PathRefusedError'
  readonly exitCode: ExitCode = EXIT.usage
  readonly path: string
  readonly reason: 'symlink' | 'outside' | 'not-a-file' | 'not-found'

  constructor(path: string, reason: PathRefusedError['reason'], cause?: unknown) {
    super({ message: `${path} was refused: ${reason.replaceAll('-', ' ')}`, hint: 'Name a plain file inside the directory.', cause })
    this.path = path
    this.reason = reason
  }
}

/** Storage was stopped; nothing can be read or written any more. */
export class StorageStoppedError extends MingaError {
  override readonly name = 'StorageStoppedError'
  readonly exitCode: ExitCode = EXIT.interrupted

  constructor() {
    super({ message: 'Storage was stopped', hint: 'Make a new one with createBlocks.' })
  }
}

/** LevelDB says in the system's words what it has no code for. */
const CODES_IN_WORDS: readonly (readonly [words: RegExp, code: string])[] = [
  [/No space left on device/i, 'ENOSPC'],
  [/Disk quota exceeded/i, 'EDQUOT'],
  [/Permission denied/i, 'EACCES'],
  [/Operation not permitted/i, 'EPERM'],
  [/Read-only file system/i, 'EROFS'],
  [/Input\/output error/i, 'EIO'],
  [/Too many open files/i, 'EMFILE'],
  [/Not a directory/i, 'ENOTDIR'],
]

/** The system's code of an I/O error (`ENOSPC`), found anywhere in its chain of causes or, for wrapped errors, in its text. */
export function errorCode(error: unknown): string | undefined {
  for (let e: unknown = error; e instanceof Error; e = e.cause) {
    const code = (e as { code?: unknown }).code
    if (typeof code === 'string' && /^E[A-Z0-9]+$/.test(code)) return code
    const inText = /\b(ENOSPC|EDQUOT|EROFS|EACCES|EPERM|EIO|EMFILE|ENOENT|ENOTDIR)\b/.exec(e.message)
    if (inText) return inText[1]
    const { message } = e
    const inWords = CODES_IN_WORDS.find(([words]) => words.test(message))
    if (inWords) return inWords[1]
  }
  return undefined
}

/** What lies deepest says what it was: above it stands which door it came by. */
function innermostMessage(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error'
  return error.cause instanceof Error ? innermostMessage(error.cause) : error.message
}

/** The typed error for a failed write: DiskFullError where space or quota ran out, else StoreFailedError. */
export function writeError(operation: string, path: string, cause: unknown): MingaError {
  if (cause instanceof MingaError) return cause
  const code = errorCode(cause)
  return code === 'ENOSPC' || code === 'EDQUOT' ? new DiskFullError({ path, cause }) : new StoreFailedError(operation, path, cause)
}
