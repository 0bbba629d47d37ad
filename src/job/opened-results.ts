import { chunkStates } from './agreement.ts'
import { benchOf, type Draw } from './bench.ts'
import { chunkState } from './chunk.ts'
import type { JobInfo } from './info.ts'
import { openedReveal } from './openings.ts'
import { outputBytesOf } from './slice.ts'
import type { JobView } from './view.ts'
import { chunkOf } from './view.ts'

/** The result of one MicroJob that counts, as its processor has made it known. */
export interface OpenedResult {
  macro: number
  micro: number
  author: string
  /** Who judged it, where it is agreed: it has the bytes as well. */
  validator?: string
  cid: string
  blockHashes: readonly Uint8Array[]
}

/** Names a result by whose it is said to be as well: a cheat may name the file of another as its own, and what it lacks then is its affair. */
export function resultKey({ macro, micro, author, cid }: Pick<OpenedResult, 'macro' | 'micro' | 'author' | 'cid'>): string {
  return `${macro}/${micro}/${author}/${cid}`
}

/** Bytes of one MicroJob's result: all its blocks' outputs. */
export function resultBytesOfMicroJob({ slicing }: JobInfo): number {
  return outputBytesOf(slicing) * slicing.blocks
}

/** The results that the draw under way in MacroJob `macro` has picked and that are revealed. */
export function drawnResults(view: JobView, info: JobInfo, macro: number): OpenedResult[] {
  const draw = chunkState(view, info, chunkOf(info, macro)).current?.draw
  return draw === undefined ? [] : resultsOf(view, info, draw, macro)
}

/** Every result worth keeping: those that were agreed, and those that may be. */
export function* openedResults(view: JobView, info: JobInfo): Generator<OpenedResult> {
  for (const { agreed, current } of chunkStates(view, info)) {
    for (const { macro, microJobs, validator } of agreed.values()) {
      for (const [micro, { author, cid, blockHashes }] of microJobs.entries()) yield { macro, micro, author, validator, cid, blockHashes }
    }
    const { draw, pending = [] } = current ?? {}
    if (draw !== undefined) for (const macro of pending) yield* resultsOf(view, info, draw, macro)
  }
}

function resultsOf(view: JobView, info: JobInfo, draw: Draw, macro: number): OpenedResult[] {
  const { picked, at } = benchOf(view, info, draw, macro, { barred: new Set(), silent: new Set() })
  return picked.flatMap((author, micro) => {
    const reveal = openedReveal(view, macro, micro, author, at[micro] as number)
    return reveal === undefined ? [] : [{ macro, micro, author, cid: reveal.cid, blockHashes: reveal.blockHashes }]
  })
}
