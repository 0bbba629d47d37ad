import { fitsClass } from './bench.ts'
import { bytesToHex, hashOf, uint32, utf8ToBytes } from './bytes.ts'
import { chunkState } from './chunk.ts'
import { barredFrom } from './chunk-state.ts'
import { stakeOf } from './escrow-facts.ts'
import type { JobInfo } from './info.ts'
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

/** The MacroJobs with open MicroJobs, in order, as far as they are asked for. */
export function* openMacroJobs(view: JobView, info: JobInfo): Generator<OpenMacroJob> {
  for (let macro = 0; macro < info.slicing.macroJobs; macro++) {
    const open = chunkState(view, info, chunkOf(info, macro)).current?.open.get(macro) ?? []
    if (open.length > 0) yield { macro, open }
  }
}

/**
 * MacroJobs that are weighed against each other, the first that a peer may take: it is asked several times a second, and a Job has up to 65,535.
 * With ten processors each they keep 640 peers busy.
 */
const WEIGHED = 64

/**
 * The MacroJob that a peer should work on next, or undefined where there is none for it. One that nobody holds comes before one that somebody
 * does; among equals the one that this peer is first for, so that two seldom open the same. A peer leaves alone what only it could still
 * validate independently: whoever processes in a MacroJob cannot judge it (docs/PROTOCOL.md, "Choosing a MacroJob").
 */
export function chooseMacroJob(view: JobView, info: JobInfo, input: MacroChoiceInput): ChosenMacroJob | undefined {
  const { self, active } = input
  if (!fitsClass(view, info, self) || stakeOf(view, self) === 'gone') return undefined
  let best: { candidate: ChosenMacroJob; key: string } | undefined
  let weighed = 0
  for (const open of openMacroJobs(view, info)) {
    if (weighed === WEIGHED) break
    if (!isOffered(open.macro, input)) continue
    const barred = barredFrom(chunkState(view, info, chunkOf(info, open.macro)))
    // MicroJobs that are left to one whose commits count no more would wait for ever.
    const able = [...input.alive].filter((peer) => !barred.has(peer) && isAble(view, info, peer))
    if (barred.has(self) || !leavesValidator(view, info, open.macro, input, able)) continue
    weighed++
    const rank = rankOf(info, open.macro, self, able)
    const key = `${active.has(open.macro) ? 1 : 0}/${String(rank).padStart(4, '0')}/${orderKey(info, open.macro, self)}`
    if (best === undefined || key < best.key) best = { candidate: { ...open, rank }, key }
  }
  return best?.candidate
}

function isOffered(macro: number, { active, maxProcessors, except }: MacroChoiceInput): boolean {
  return macro !== except && (active.get(macro)?.length ?? 0) < maxProcessors
}

/** How many of those that are able come before this one for a MacroJob: each has one peer of rank 0. */
function rankOf(info: JobInfo, macro: number, self: string, able: readonly string[]): number {
  const own = orderKey(info, macro, self)
  return able.filter((peer) => peer !== self && orderKey(info, macro, peer) < own).length
}

/** It has joined, may take part, has its bond where one is asked for, and has not given the Job up. */
function isAble(view: JobView, info: JobInfo, peer: string): boolean {
  return view.peers.has(peer) && !view.complaints.has(peer) && fitsClass(view, info, peer) && stakeOf(view, peer) !== 'gone'
}

function orderKey({ seed }: JobInfo, macro: number, peer: string): string {
  return bytesToHex(hashOf('macro-order', utf8ToBytes(seed), uint32(macro), utf8ToBytes(peer)))
}

function leavesValidator(
  view: JobView,
  info: JobInfo,
  macro: number,
  { self, active }: MacroChoiceInput,
  able: readonly string[],
): boolean {
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
