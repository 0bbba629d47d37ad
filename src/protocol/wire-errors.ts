import { EXIT, MingaError } from '../errors.ts'

export type CodecFault =
  | 'too-large'
  | 'too-deep'
  | 'not-canonical'
  | 'unsupported'
  | 'truncated'
  | 'forbidden-key'
  | 'schema'
  | 'not-encodable'

/** Bytes that are no message of ours, or a value that cannot become bytes. `at` says where: a byte offset or a path. */
export class CodecError extends MingaError {
  override readonly name = 'CodecError'
  readonly exitCode = EXIT.network
  readonly fault: CodecFault
  readonly at: string

  constructor(fault: CodecFault, at: string, cause?: unknown) {
    super({
      message: `Expected canonical CBOR within its limits, found ${fault} at ${at}.`,
      hint: 'Check that both peers run the same version.',
      cause,
    })
    this.fault = fault
    this.at = at
  }
}

/** Not the base58 text of an Ed25519 peer id. */
export class BadPeerIdError extends MingaError {
  override readonly name = 'BadPeerIdError'
  readonly exitCode = EXIT.usage

  constructor(found: string, cause?: unknown) {
    super({
      message: `Expected the id of a peer with an Ed25519 key (12D3KooW…), found '${found.slice(0, 80)}'.`,
      hint: 'Copy the id from the end of the peer’s address.',
      cause,
    })
  }
}

export type CertificateFault = 'shape' | 'signature' | 'high-s' | 'wallet-mismatch' | 'expired'

/** A wallet's certificate for a peer key that does not hold. */
export class CertificateError extends MingaError {
  override readonly name = 'CertificateError'
  readonly exitCode = EXIT.verification
  readonly fault: CertificateFault

  constructor(fault: CertificateFault, cause?: unknown) {
    super({
      message: `Expected a certificate signed by its wallet, found a fault: ${fault}.`,
      hint: 'Ask the wallet’s owner for a new certificate.',
      cause,
    })
    this.fault = fault
  }
}

/** An id that cannot be part of a topic. */
export class BadTopicError extends MingaError {
  override readonly name = 'BadTopicError'
  readonly exitCode = EXIT.usage

  constructor(found: string) {
    super({
      message: `Expected a Job id of 1 to 96 letters, digits, '-' or '_', and an index from 0, found '${found.slice(0, 80)}'.`,
      hint: 'Use the id that the Job was announced with.',
    })
  }
}

export type WalletFileFault = 'missing' | 'unreadable' | 'unwritable' | 'corrupt'

const A_DIRECTORY = 'A directory stands there: name the file in it, or move the directory away.'
const WALLET_FILE_HINTS: Record<WalletFileFault, string> = {
  // Only a file that was named must be there.
  missing: 'Correct the path, or leave --wallet-key-file out to have one made.',
  unreadable: 'Check the permissions of the file and of the folders above it.',
  unwritable: 'Check the permissions of its folder and the room on its disk.',
  corrupt: 'Restore it from a backup; a new one would be another wallet.',
}

/** The file with the wallet's key cannot be used. */
export class WalletFileError extends MingaError {
  override readonly name = 'WalletFileError'
  readonly exitCode = EXIT.usage
  readonly path: string
  readonly fault: WalletFileFault

  constructor(path: string, fault: WalletFileFault, cause?: unknown) {
    super({
      message: `Expected a wallet key, 64 hexadecimal digits, in ${path}; the file is ${fault}.`,
      hint: (cause as { code?: string } | undefined)?.code === 'EISDIR' ? A_DIRECTORY : WALLET_FILE_HINTS[fault],
      cause,
    })
    this.path = path
    this.fault = fault
  }
}
