import type { Draw } from './bench.ts'
import { bytesToBigInt, equalBytes } from './bytes.ts'
import { checksumOf, commitFor } from './commit.ts'
import type { JobInfo } from './info.ts'
import type { RecordOf } from './records.ts'
import { type Authored, type JobView, microKey } from './view.ts'

/**
 * The peer's validation commit for this draw. One for another draw of the same attempt says nothing here: other blocks were asked for. Draws differ where
 * their roots do, and in a paid Job, where the chain was reorganised, even where their roots do not.
 */
export function validationCommit(view: JobView, info: JobInfo, draw: Draw, macro: number, peer: string) {
  const commit = anyValidationCommit(view, info, draw, macro, peer)
  const { challenge } = commit?.record ?? {}
  return challenge && bytesToBigInt(challenge) === draw.challenge ? commit : undefined
}

/** The peer's validation commit in this attempt, whatever draw it followed: it has no second one. */
export function anyValidationCommit(view: JobView, { slicing }: JobInfo, { attempt }: Draw, macro: number, peer: string) {
  const commits = view.commits.get(microKey(macro, slicing.microJobs)) ?? []
  return commits.find(({ author, record }) => author === peer && record.attempt === attempt)
}

/** The reveal that opens the author's commit of `attempt`; undefined where there is none, or it does not fit. */
export function openedReveal(view: JobView, macro: number, micro: number, author: string, attempt: number): RecordOf<'reveal'> | undefined {
  const at = (entry: Authored<{ attempt: number } & RecordOf<'commit' | 'reveal'>>) =>
    entry.author === author && entry.record.attempt === attempt
  const commit = view.commits.get(microKey(macro, micro))?.find(at)
  const reveal = view.reveals.get(microKey(macro, micro))?.find(at)
  const peer = view.peers.get(author)
  if (commit === undefined || reveal === undefined || peer === undefined) return undefined
  return opens(view, commit.record, reveal.record, peer.wallet) ? reveal.record : undefined
}

const opened = new WeakMap<RecordOf<'reveal'>, boolean>()

function opens(view: JobView, commit: RecordOf<'commit'>, reveal: RecordOf<'reveal'>, wallet: string): boolean {
  const known = opened.get(reveal)
  if (known !== undefined) return known
  const { macro, micro } = commit
  const { info } = view
  const fits =
    info !== undefined &&
    isWellFormed(info, micro, reveal) &&
    reveal.wallet.toLowerCase() === wallet.toLowerCase() &&
    equalBytes(commitFor(info, { jobId: view.jobId, macro, micro, wallet }, reveal), commit.commit) &&
    equalBytes(checksumOf(view.jobId, reveal), reveal.checksum)
  opened.set(reveal, fits)
  return fits
}

/** As many hashes as there are blocks, or, of a validator, MicroJobs; what it judges by eye it says only where bits may differ. */
function isWellFormed({ slicing, verification }: JobInfo, micro: number, { blockHashes, verdicts }: RecordOf<'reveal'>): boolean {
  const { microJobs, blocks } = slicing
  const validates = micro === microJobs
  if (blockHashes.length !== (validates ? microJobs : blocks)) return false
  if (validates && verification.mode === 'tolerance') return verdicts === null || verdicts.length === microJobs
  return verdicts === null
}
