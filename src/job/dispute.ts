import { type Bench, type Draw, mayJudge, votersOf } from './bench.ts'
import { equalBytes } from './bytes.ts'
import type { JobInfo } from './info.ts'
import type { RecordOf } from './records.ts'
import { type Authored, type JobView, microKey } from './view.ts'

export interface Dispute {
  micro: number
  block: number
  processor: string
  validator: string
  /** Peers that may be asked, in order. */
  voters: string[]
  voted: string[]
}

/**
 * True where the validator computed the same. Its word on its own work counts only where nobody else could judge: nobody else has joined, or all others gave
 * the Job up or answer nothing any more.
 */
export function confirms(
  view: JobView,
  info: JobInfo,
  validation: Authored<RecordOf<'reveal'>>,
  reveal: RecordOf<'reveal'>,
  micro: number,
  bench: Bench,
): boolean {
  const { verdicts, blockHashes } = validation.record
  const own = bench.picked[micro] === validation.author
  if (own && [...view.peers.keys()].some((peer) => peer !== validation.author && mayJudge(view, info, bench, peer))) return false
  // Only with a tolerance: anywhere else a validator that has computed nothing would say so, too.
  if (verdicts?.[micro] === true) return true
  const mine = reveal.blockHashes[bench.samples[micro] as number]
  return mine !== undefined && equalBytes(mine, blockHashes[micro] as Uint8Array)
}

/** No culprits: the result stands. */
export type Ruling = { culprits: string[] } | { dispute: Dispute }

/** What is known of one MicroJob whose result is not simply confirmed by a validator of its own. */
interface Case {
  macro: number
  micro: number
  reveal: RecordOf<'reveal'>
  validation: Authored<RecordOf<'reveal'>>
}

/**
 * More peers run the block; the majority stands (docs/PROTOCOL.md, "Commit" 7). Where the validator is the processor itself, one other
 * peer must confirm it.
 */
export function rule(view: JobView, info: JobInfo, draw: Draw, bench: Bench, { macro, micro, reveal, validation }: Case): Ruling {
  const processor = bench.picked[micro] as string
  const validator = validation.author
  const block = bench.samples[micro] as number
  const voters = votersOf(view, info, draw, macro, bench, [processor, validator])
  const votes = voters.flatMap((peer) => {
    const entry = view.rechecks
      .get(microKey(macro, micro))
      ?.find(({ author, record }) => author === peer && record.attempt === draw.attempt && record.block === block)
    return entry === undefined ? [] : [{ peer, record: entry.record }]
  })
  const hashes = { processor: reveal.blockHashes[block], validator: validation.record.blockHashes[micro] }
  const sides = votes.map(({ record }) => sideOf(info, record, hashes))
  const count = (side: RecordOf<'recheck'>['agrees']) => sides.filter((found) => found === side).length
  const able = voters.filter((peer) => !view.complaints.has(peer) && !bench.silent.has(peer))
  // One may confirm what a peer says of its own work; one liar must not convict it.
  const confirmsAlone = processor === validator && count('neither') === 0
  const wanted = confirmsAlone ? 1 : Math.min(2, able.length)
  const dispute = { micro, block, processor, validator, voters, voted: votes.map(({ peer }) => peer) }
  if (votes.length === 0 || votes.length < wanted) return { dispute }
  if (processor === validator) {
    const [confirmed, denied] = [votes.length - count('neither'), count('neither')]
    return confirmed === denied ? { dispute } : { culprits: confirmed > denied ? [] : [processor] }
  }
  const [forProcessor, forValidator] = [count('processor'), count('validator')]
  if (forProcessor !== forValidator) return { culprits: [forProcessor > forValidator ? validator : processor] }
  return count('neither') > forProcessor && votes.length >= 2 ? { culprits: [processor, validator] } : { dispute }
}

function sideOf(
  { verification }: JobInfo,
  record: RecordOf<'recheck'>,
  hashes: { processor: Uint8Array | undefined; validator: Uint8Array | undefined },
) {
  if (verification.mode === 'tolerance') return record.agrees
  if (hashes.processor !== undefined && equalBytes(record.hash, hashes.processor)) return 'processor'
  return hashes.validator !== undefined && equalBytes(record.hash, hashes.validator) ? 'validator' : 'neither'
}
