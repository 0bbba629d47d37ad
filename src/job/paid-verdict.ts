import { benchOf, type Draw } from './bench.ts'
import type { AgreedMacroJob, ChunkState } from './chunk-state.ts'
import { Commits } from './commits.ts'
import type { JobInfo } from './info.ts'
import { agreedOn } from './judge.ts'
import { openedReveal } from './openings.ts'
import { fixedDraws, proposalsOf } from './proposals.ts'
import { MAX_ATTEMPTS } from './records.ts'
import { expectedVerdict, signedVerdict } from './verdict.ts'
import type { JobView } from './view.ts'

const NOBODY: ReadonlySet<string> = new Set()
const ALL = { barred: NOBODY, silent: NOBODY }

/**
 * What the escrow has paid a MacroJob on, found again from the chain's roots and the validators' signatures alone: records that come late may put in doubt
 * what the peers had agreed on by then, and the money does not come back. Undefined where its records are not here.
 */
export function paidVerdict(view: JobView, info: JobInfo, state: ChunkState, macro: number): AgreedMacroJob | undefined {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const commits = new Commits(view, info, state, new Map(), { culprits: NOBODY, barred: NOBODY }, attempt)
    for (const draw of fixedDraws(view, info, state, proposalsOf(view, info, state, commits, attempt))) {
      const found = signedIn(view, info, draw, macro)
      if (found !== undefined) return found
    }
  }
  return undefined
}

/** The first validator that has signed for a draw all of whose results of the MacroJob are open. */
function signedIn(view: JobView, info: JobInfo, draw: Draw, macro: number): AgreedMacroJob | undefined {
  const bench = benchOf(view, info, draw, macro, ALL)
  const { vouching, picked, at } = bench
  const reveals = picked.flatMap((author, micro) => openedReveal(view, macro, micro, author, at[micro] as number) ?? [])
  if (picked.length === 0 || reveals.length < picked.length) return undefined
  for (const validator of vouching) {
    const expected = expectedVerdict(view, info, draw, macro, reveals, validator)
    const verdict = expected && signedVerdict(view, info, expected)
    if (verdict !== undefined) return agreedOn(draw, macro, bench, validator, reveals, verdict)
  }
  return undefined
}
