import { bytesToHex, hashOf, utf8ToBytes } from './bytes.ts'
import { barredFrom, chunkState } from './chunk.ts'
import { macroJobId } from './ids.ts'
import type { JobInfo } from './info.ts'
import { fitsClass } from './judge.ts'
import { chunkOf, type JobView } from './view.ts'

export interface MacroChoiceInput {
  self: string
  /** Peers on the Job that answer now, this one included. */
  alive: ReadonlySet<string>
  /** MacroJobs whose queue somebody else holds, with its processors. */
  active: ReadonlyMap<number, readonly string[]>
  /** Processors of one MacroJob at most: the seed's eleven, of which one validates. */
  maxProcessors: number
  /** A MacroJob that is not asked about. */
  except?: number
}

/** A MacroJob with MicroJobs that nobody has processed yet. */
export interface OpenMacroJob {
  macro: number
  open: number[]
}

/** `rank` is how many living peers come before this one for the MacroJob: they have the first word where nobody holds it yet. */
export interface ChosenMacroJob extends OpenMacroJob {
  rank: number
}

/** All MacroJobs with open MicroJobs, in order. */
export function openMacroJobs(view: JobView, info: JobInfo): OpenMacroJob[] {
  const found: OpenMacroJob[] = []
  for (let macro = 0; macro < info.slicing.macroJobs; macro++) {
    const open = chunkState(view, info, chunkOf(info, macro)).current?.open.get(macro) ?? []
    if (open.length > 0) found.push({ macro, open })
  }
  return found
}

/**
 * The MacroJob that a peer should work on next, or undefined where there is none for it. One that nobody holds comes before one that somebody
 * does; among equals the one that this peer is first for, so that two seldom open the same. A peer leaves alone what only it could still
 * validate independently: whoever processes in a MacroJob cannot judge it (docs/PROTOCOL.md, "Choosing a MacroJob").
 */
export function chooseMacroJob(view: JobView, info: JobInfo, input: MacroChoiceInput): ChosenMacroJob | undefined {
  const { self, active, maxProcessors } = input
  if (!fitsClass(view, info, self)) return undefined
  const candidates = openMacroJobs(view, info).filter(({ macro }) => {
    if (macro === input.except) return false
    const barred = barredFrom(chunkState(view, info, chunkOf(info, macro))).has(self)
    return !barred && (active.get(macro)?.length ?? 0) < maxProcessors && leavesValidator(view, info, macro, input)
  })
  const ranked = candidates.map((candidate) => ({ ...candidate, rank: rankOf(view, info, candidate.macro, input) }))
  const key = ({ macro, rank }: ChosenMacroJob) =>
    `${active.has(macro) ? 1 : 0}/${String(rank).padStart(4, '0')}/${orderKey(info, macro, self)}`
  return ranked.map((candidate) => ({ candidate, key: key(candidate) })).sort((a, b) => (a.key < b.key ? -1 : 1))[0]?.candidate
}

/** How many living peers come before this one for a MacroJob: each has one peer of rank 0. */
function rankOf(view: JobView, info: JobInfo, macro: number, { self, alive }: MacroChoiceInput): number {
  const own = orderKey(info, macro, self)
  return [...alive].filter((peer) => peer !== self && view.peers.has(peer) && orderKey(info, macro, peer) < own).length
}

function orderKey(info: JobInfo, macro: number, peer: string): string {
  return bytesToHex(hashOf('macro-order', utf8ToBytes(orderSeed(info, macro)), utf8ToBytes(peer)))
}

const seeds = new Map<string, string>()

/** macroJobId, kept: a Poseidon hash costs a third of a millisecond and the order is asked for often. */
function orderSeed(info: JobInfo, macro: number): string {
  const key = `${info.seed}/${macro}`
  const known = seeds.get(key)
  if (known !== undefined) return known
  // The ids of a few Jobs at a time are wanted, never of thousands.
  if (seeds.size > 10_000) seeds.clear()
  const id = macroJobId(info, macro)
  seeds.set(key, id)
  return id
}

function leavesValidator(view: JobView, info: JobInfo, macro: number, { self, alive, active }: MacroChoiceInput): boolean {
  const able = [...alive].filter((peer) => view.peers.has(peer) && fitsClass(view, info, peer))
  if (able.length <= 1) return true
  const processors = new Set(active.get(macro) ?? [])
  for (let micro = 0; micro < info.slicing.microJobs; micro++) {
    for (const { author } of view.commits.get(`${macro}/${micro}`) ?? []) processors.add(author)
  }
  // Who has processed in it cannot judge it any more, so that there is nothing left to save.
  if (processors.has(self) || processors.size === 0) return true
  processors.add(self)
  return able.some((peer) => !processors.has(peer))
}
