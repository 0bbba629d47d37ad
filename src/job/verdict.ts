import type { Draw } from './bench.ts'
import { bytesToBigInt, equalBytes } from './bytes.ts'
import { fieldToBytes } from './field.ts'
import type { JobInfo } from './info.ts'
import { escrowIdOf, isPaid } from './payment.ts'
import type { RecordOf } from './records.ts'
import { blockElement } from './settlement/hashes.ts'
import { statementSigner, verdictHash } from './settlement/statements.ts'
import { chunkOf, type JobView } from './view.ts'

/** What the validator of an agreed MacroJob owes the escrow. */
export interface ExpectedVerdict {
  validator: string
  macro: number
  attempt: number
  /** The opened block's element: a field element in 32 bytes. */
  verdict: Uint8Array
  /** The EIP-712 struct hash to sign. */
  structHash: Uint8Array
}

/** The verdict that follows from the openings; undefined where the draw opens nothing of this MacroJob. */
export function expectedVerdict(
  view: JobView,
  info: JobInfo,
  draw: Draw,
  macro: number,
  reveals: readonly RecordOf<'reveal'>[],
  validator: string,
): ExpectedVerdict | undefined {
  const drawn = draw.opened?.[macro % info.slicing.chunkMacroJobs]
  if (drawn === undefined || !isPaid(info)) return undefined
  const reveal = reveals[drawn.micro] as RecordOf<'reveal'>
  const verdict = blockElement(reveal.salt, reveal.blockHashes[drawn.block] as Uint8Array)
  const { attempt } = draw
  const structHash = verdictHash({
    jobId: escrowIdOf(info, view.jobId),
    chunk: chunkOf(info, macro),
    attempt,
    macro,
    root: bytesToBigInt(draw.root),
    beacon: bytesToBigInt(draw.beacon),
    verdict,
  })
  return { validator, macro, attempt, verdict: fieldToBytes(verdict), structHash }
}

const signers = new WeakMap<RecordOf<'verdict'>, string | undefined>()

/** The validator's record of exactly this verdict, signed by its wallet. */
export function signedVerdict(view: JobView, info: JobInfo, expected: ExpectedVerdict): RecordOf<'verdict'> | undefined {
  const { validator, macro, attempt, verdict, structHash } = expected
  const found = view.verdicts.get(macro)?.find(({ author, record }) => author === validator && record.attempt === attempt)?.record
  if (found === undefined || !isPaid(info) || !equalBytes(found.verdict, verdict)) return undefined
  // A record's place and value are fixed, and so is what it was signed for.
  if (!signers.has(found)) signers.set(found, statementSigner(info.payment, structHash, found.signature))
  return signers.get(found) === view.peers.get(validator)?.wallet.toLowerCase() ? found : undefined
}
