import { type Bench, type Draw, validatorsOf } from './bench.ts'
import { confirms, type Dispute, rule } from './dispute.ts'
import type { JobInfo } from './info.ts'
import { openedReveal, validationCommit } from './openings.ts'
import { isPaid } from './payment.ts'
import type { RecordOf } from './records.ts'
import { type ExpectedVerdict, expectedVerdict, signedVerdict } from './verdict.ts'
import type { JobView } from './view.ts'

export interface AgreedMicroJob {
  author: string
  wallet: string
  blockHashes: readonly Uint8Array[]
  cid: string
}

/** The state of one MacroJob in one attempt. `failed` names culprits; `open` says what is still missing. */
export type MacroVerdict =
  | {
      state: 'agreed'
      macro: number
      attempt: number
      validator: string
      independent: boolean
      microJobs: AgreedMicroJob[]
      /** In a paid Job, the validator's word to the escrow. */
      verdict?: RecordOf<'verdict'>
    }
  | { state: 'failed'; macro: number; culprits: { peer: string; micro: number; block: number }[] }
  | {
      state: 'open'
      macro: number
      validators: string[]
      validated: boolean
      committed: boolean
      hidden: number[]
      /** The validators that have committed. */
      answered: string[]
      disputes: Dispute[]
      /** In a paid Job, what the validator has still to sign; all else is agreed. */
      unsigned?: ExpectedVerdict
    }

/**
 * The verdict over one MacroJob from the records at hand (docs/PROTOCOL.md, "Commit" 5–7). With `closing`, the attempt was voted stuck: whom its
 * disputes convict is convicted then, though other results are missing.
 */
export function judgeMacroJob(view: JobView, info: JobInfo, draw: Draw, macro: number, bench: Bench, closing = false): MacroVerdict {
  const validators = validatorsOf(view, bench)
  const answered = validators.filter((peer) => validationCommit(view, info, draw, macro, peer) !== undefined)
  const validation = firstValidation(view, info, draw, macro, validators)
  const reveals = bench.picked.map((author, micro) => openedReveal(view, macro, micro, author, bench.at[micro] as number))
  const hidden = reveals.flatMap((reveal, micro) => (reveal === undefined ? [micro] : []))
  const open = {
    state: 'open' as const,
    macro,
    validators,
    validated: validation !== undefined,
    committed: answered.length > 0,
    hidden,
    answered,
    disputes: [] as Dispute[],
  }
  if (validation === undefined) return open
  const unconfirmed = reveals.flatMap((reveal, micro) =>
    reveal !== undefined && !confirms(view, info, validation, reveal, micro, bench) ? [micro] : [],
  )
  const rulings = unconfirmed.map((micro) => {
    const reveal = reveals[micro] as RecordOf<'reveal'>
    return { micro, ruling: rule(view, info, draw, bench, { macro, micro, reveal, validation }) }
  })
  const culprits = rulings.flatMap(({ micro, ruling }) =>
    'culprits' in ruling ? ruling.culprits.map((peer) => ({ peer, micro, block: bench.samples[micro] as number })) : [],
  )
  const disputes = rulings.flatMap(({ ruling }) => ('dispute' in ruling ? [ruling.dispute] : []))
  if (closing && culprits.length > 0) return { state: 'failed', macro, culprits }
  if (disputes.length > 0 || hidden.length > 0) return { ...open, disputes }
  if (culprits.length > 0) return { state: 'failed', macro, culprits }
  const results = reveals as RecordOf<'reveal'>[]
  const validator = validation.author
  const expected = isPaid(info) ? expectedVerdict(view, info, draw, macro, results, validator) : undefined
  const verdict = expected && signedVerdict(view, info, expected)
  if (expected !== undefined && verdict === undefined) return { ...open, unsigned: expected }
  return agreedOn(draw, macro, bench, validator, results, verdict)
}

/** What a MacroJob comes to on a validator's word; `results` are the openings of the picked commits, in order. */
export function agreedOn(
  { attempt }: Draw,
  macro: number,
  { picked }: Bench,
  validator: string,
  results: readonly RecordOf<'reveal'>[],
  verdict: RecordOf<'verdict'> | undefined,
): Extract<MacroVerdict, { state: 'agreed' }> {
  const microJobs = results.map(({ wallet, blockHashes, cid }, micro) => ({ author: picked[micro] as string, wallet, blockHashes, cid }))
  return { state: 'agreed', macro, attempt, validator, independent: !picked.includes(validator), microJobs, ...(verdict && { verdict }) }
}

function firstValidation(view: JobView, info: JobInfo, draw: Draw, macro: number, validators: readonly string[]) {
  const { microJobs } = info.slicing
  for (const author of validators) {
    if (validationCommit(view, info, draw, macro, author) === undefined) continue
    const record = openedReveal(view, macro, microJobs, author, draw.attempt)
    if (record !== undefined) return { author, record }
  }
  return undefined
}
