import type { Draw } from './bench.ts'
import type { ChunkState } from './chunk-state.ts'
import type { MacroVerdict } from './judge.ts'
import type { RecordOf } from './records.ts'
import type { Authored, JobView } from './view.ts'

/** What is said of one picked commit whose result is revealed: that nobody gives it. No record can prove it, so that two who may judge must say so. */
export interface Claim {
  author: string
  /** Who has said so, in this attempt or an earlier one. */
  by: ReadonlySet<string>
  /** Who may say so and is still to be heard. */
  judges: readonly string[]
}

type OpenVerdict = Extract<MacroVerdict, { state: 'open' }>

/** The claim on MicroJob `micro` of the verdict's MacroJob, or undefined where the root picks nobody for it. */
export function claimOn(
  view: JobView,
  { lacked, undecided }: ChunkState,
  root: RecordOf<'root'>,
  { macro, validators }: Pick<OpenVerdict, 'macro' | 'validators'>,
  micro: number,
): Claim | undefined {
  const key = pickKey(root, macro, micro)
  const author = authorIn(root, macro, micro)
  if (key === undefined || author === undefined) return undefined
  const by = new Set([...(lacked.get(key) ?? [])].filter((peer) => peer !== author))
  const isMute = (peer: string) => (undecided.get(peer) ?? 0) >= MAX_UNDECIDED
  const judges = validators.filter((peer) => peer !== author && !view.complaints.has(peer) && (by.has(peer) || !isMute(peer)))
  return { author, by, judges }
}

/** One attempt may end before the second judge has looked. */
const MAX_UNDECIDED = 2

/** Two, or the only one besides the author: they could as well keep back what they say of the MacroJob. */
export function isEnough({ by, judges }: Pick<Claim, 'by' | 'judges'>): boolean {
  return by.size > 0 && by.size >= Math.min(2, judges.length)
}

/** Files who of those that may judge a MacroJob says that a result in it is not to be had. */
export function noteClaims(
  { lacked }: ChunkState,
  draw: Draw,
  verdicts: readonly MacroVerdict[],
  votes: readonly Authored<RecordOf<'reopen'>>[],
) {
  for (const { author: voter, record } of votes) {
    for (const [macro, micro] of record.items) {
      const verdict = verdicts.find((candidate) => candidate.macro === macro)
      const key = pickKey(draw.record, macro, micro)
      if (key === undefined || verdict?.state !== 'open' || verdict.hidden.includes(micro) || !verdict.validators.includes(voter)) continue
      lacked.set(key, (lacked.get(key) ?? new Set()).add(voter))
    }
  }
}

/** Judges who have not said whether they have what another lacks, where too few say so: by the claims on file in `state`. */
export function undecidedJudges(view: JobView, state: ChunkState, draw: Draw, verdicts: readonly MacroVerdict[]): Set<string> {
  const found = new Set<string>()
  for (const { verdict, micro } of claimedItems(state, draw, verdicts)) {
    const claim = claimOn(view, state, draw.record, verdict, micro)
    if (claim === undefined || isEnough(claim)) continue
    for (const judge of claim.judges) if (!claim.by.has(judge)) found.add(judge)
  }
  return found
}

/** The picks of a draw that somebody has claimed to lack. */
export function claimedItems(
  { lacked }: ChunkState,
  draw: Draw,
  verdicts: readonly MacroVerdict[],
): { verdict: OpenVerdict; micro: number }[] {
  if (lacked.size === 0) return []
  return verdicts.flatMap((verdict) => {
    if (verdict.state !== 'open') return []
    const picks = draw.record.picks.find(({ macro }) => macro === verdict.macro)?.by ?? []
    return picks.flatMap((_, micro) => (lacked.has(pickKey(draw.record, verdict.macro, micro) ?? '') ? [{ verdict, micro }] : []))
  })
}

/** One commit that a proposal picks, whatever the attempt. */
function pickKey({ picks, authors }: RecordOf<'root'>, macro: number, micro: number): string | undefined {
  const pick = picks.find((candidate) => candidate.macro === macro)
  const author = authors[pick?.by[micro] ?? -1]
  return author === undefined ? undefined : `${macro}/${micro}/${author}/${pick?.at[micro]}`
}

/** Whose commit a proposal picks for a MicroJob. */
export function authorIn(record: RecordOf<'root'> | undefined, macro: number, micro: number): string | undefined {
  const index = record?.picks.find((pick) => pick.macro === macro)?.by[micro]
  return index === undefined ? undefined : record?.authors[index]
}
