import { concatBytes, hashOf, sha256, uint32, utf8ToBytes } from './bytes.ts'
import { fieldToBytes } from './field.ts'
import type { JobInfo } from './info.ts'
import { isPaid } from './payment.ts'
import type { RecordOf } from './records.ts'
import { keyOf } from './records.ts'
import { elementsOf, leafOf, walletToField } from './settlement/hashes.ts'

/** What a processor keeps to itself between commit and reveal. */
export interface Opening {
  blockHashes: readonly Uint8Array[]
  /** 32 random bytes: without them, few possible results could be tried against the commit. */
  salt: Uint8Array
}

export interface CommitSubject {
  jobId: string
  macro: number
  micro: number
  wallet: string
}

/** One hash for all blocks of a MicroJob. */
export function blockRootOf(blockHashes: readonly Uint8Array[]): Uint8Array {
  return hashOf('block-root', ...blockHashes)
}

/** commit = H(jobId, i, j, blockRoot, wallet, salt): docs/PROTOCOL.md, "Commit" 1. The wallet makes a copied commit worthless. */
export function commitOf({ jobId, macro, micro, wallet }: CommitSubject, { blockHashes, salt }: Opening): Uint8Array {
  return hashOf(
    'commit',
    utf8ToBytes(jobId),
    uint32(macro),
    uint32(micro),
    blockRootOf(blockHashes),
    utf8ToBytes(wallet.toLowerCase()),
    salt,
  )
}

/**
 * What a processor or validator publishes before anything is drawn. In a paid Job it is a leaf of the escrow's root, which the circuit opens again: its
 * place is bound by the root, not by itself.
 */
export function commitFor(info: JobInfo, subject: CommitSubject, opening: Opening): Uint8Array {
  if (!isPaid(info)) return commitOf(subject, opening)
  return fieldToBytes(leafOf(walletToField(subject.wallet), elementsOf(opening.salt, opening.blockHashes)))
}

/** H(key & data), which the seed puts beside each MicroJob's data (seeds/001 "MicroJob Processing" 4b). */
export function checksumOf(jobId: string, reveal: Omit<RecordOf<'reveal'>, 'checksum'>): Uint8Array {
  const key = `Job${jobId}/${keyOf({ ...reveal, checksum: new Uint8Array(32) })}`
  return sha256(concatBytes(utf8ToBytes(key), utf8ToBytes(reveal.wallet.toLowerCase()), ...reveal.blockHashes))
}
