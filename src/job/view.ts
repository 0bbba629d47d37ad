import { opensChain } from './beacon.ts'
import { equalBytes } from './bytes.ts'
import type { EscrowFacts } from './escrow-facts.ts'
import type { JobId } from './ids.ts'
import type { JobInfo } from './info.ts'
import { isPaid } from './payment.ts'
import type { JobRecord, RecordOf } from './records.ts'

/** A record and the peer that signed it. */
export interface Authored<Record extends JobRecord> {
  author: string
  record: Record
}

/**
 * Everything the log of one Job says, filed for look-up (filing.ts): the fold of its records. The order in which they are filed makes no difference.
 * Filing judges nothing but form; what a record is worth is decided in chunk.ts from all of them together.
 */
export interface JobView {
  readonly jobId: JobId
  info: JobInfo | undefined
  cancelledBy: Set<string>
  peers: Map<string, RecordOf<'peer'>>
  /** By MacroJob; whether it is the requester's, who reads it decides. */
  plans: Map<number, Authored<RecordOf<'plan'>>[]>
  /** By `macro/micro`. */
  commits: Map<string, Authored<RecordOf<'commit'>>[]>
  reveals: Map<string, Authored<RecordOf<'reveal'>>[]>
  rechecks: Map<string, Authored<RecordOf<'recheck'>>[]>
  testimonies: Map<string, Authored<RecordOf<'testimony'>>[]>
  /** By `chunk/attempt`. */
  roots: Map<string, Authored<RecordOf<'root'>>[]>
  nonces: Map<string, Authored<RecordOf<'nonce'>>[]>
  endorsements: Map<string, Authored<RecordOf<'endorsement'>>[]>
  reopens: Map<string, Authored<RecordOf<'reopen'>>[]>
  refusals: Map<string, Authored<RecordOf<'refusal'>>[]>
  /** By MacroJob. */
  verdicts: Map<number, Authored<RecordOf<'verdict'>>[]>
  reports: Authored<RecordOf<'report'>>[]
  /** Peers that gave the Job up. */
  complaints: Map<string, RecordOf<'complaint'>>
  /** Of a paid Job, what this peer has read on the chain; undefined before it has. */
  escrow: EscrowFacts | undefined
  /** Grows with every record: what is computed from a view is kept until it moves. */
  version: number
  /** The version at which each chunk last changed; peers joining changes all of them. */
  chunkVersions: Map<number, number>
}

export function createJobView(jobId: JobId): JobView {
  return {
    jobId,
    info: undefined,
    cancelledBy: new Set(),
    peers: new Map(),
    plans: new Map(),
    commits: new Map(),
    reveals: new Map(),
    rechecks: new Map(),
    testimonies: new Map(),
    roots: new Map(),
    nonces: new Map(),
    endorsements: new Map(),
    reopens: new Map(),
    refusals: new Map(),
    verdicts: new Map(),
    reports: [],
    complaints: new Map(),
    escrow: undefined,
    version: 0,
    chunkVersions: new Map(),
  }
}

/** Empties the view in place, for a fold that starts anew: an author was convicted and all it wrote is gone from the log. */
export function resetJobView(view: JobView): void {
  Object.assign(view, { ...createJobView(view.jobId), escrow: view.escrow, version: view.version + 1 })
}

export const microKey = (macro: number, micro: number) => `${macro}/${micro}`
export const attemptKey = (chunk: number, attempt: number) => `${chunk}/${attempt}`
export const chunkOfKey = (attemptKey: string) => Number(attemptKey.slice(0, attemptKey.indexOf('/')))

/**
 * True where the Job is called off. Of a paid Job its escrow alone says so: a requester's word that ended it after the work was done would have the work
 * done for nothing, since nobody would settle it and the price would go back at the deadline.
 */
export function isCancelled(view: JobView): boolean {
  if (view.info !== undefined && isPaid(view.info)) return view.escrow?.state === 'cancelled'
  return wantsToCancel(view)
}

/** True where the requester itself has written that it calls the Job off. */
export function wantsToCancel({ info, cancelledBy }: JobView): boolean {
  return info !== undefined && cancelledBy.has(info.requester)
}

/** True where the deadline of a paid Job has passed, and what it had not paid went back. */
export function isRefunded({ escrow }: JobView): boolean {
  return escrow?.state === 'refunded'
}

/** The chunk that a MacroJob settles in. */
export function chunkOf({ slicing }: JobInfo, macro: number): number {
  return Math.floor(macro / slicing.chunkMacroJobs)
}

export function chunkCount({ slicing }: JobInfo): number {
  return Math.ceil(slicing.macroJobs / slicing.chunkMacroJobs)
}

/** The MacroJobs of a chunk, in order. */
export function macrosOf({ slicing }: JobInfo, chunk: number): number[] {
  const first = chunk * slicing.chunkMacroJobs
  const count = Math.max(0, Math.min(slicing.chunkMacroJobs, slicing.macroJobs - first))
  return Array.from({ length: count }, (_, i) => first + i)
}

/**
 * Authors with commits of two chain heads in one chunk, which gives them a choice of nonces: nobody builds on their work any more. What a root has
 * picked before stays, so that nobody can take back by this what was agreed.
 */
export function twoHeaded(view: JobView, info: JobInfo, chunk: number): Set<string> {
  const heads = new Map<string, Uint8Array>()
  const found = new Set<string>()
  for (const macro of macrosOf(info, chunk)) {
    for (let micro = 0; micro < info.slicing.microJobs; micro++) {
      for (const { author, record } of view.commits.get(microKey(macro, micro)) ?? []) {
        const head = heads.get(author)
        if (head === undefined) heads.set(author, record.chainHead)
        else if (!equalBytes(head, record.chainHead)) found.add(author)
      }
    }
  }
  return found
}

/** The author's opened nonce for a root, or undefined where there is none that fits its chain. */
export function openedNonce(view: JobView, head: Uint8Array, author: string, root: Uint8Array, chunk: number, attempt: number) {
  const found = view.nonces.get(attemptKey(chunk, attempt))?.find((nonce) => nonce.author === author)
  if (found === undefined || !equalBytes(found.record.root, root)) return undefined
  return opensChain(head, attempt, found.record.nonce) ? found.record.nonce : undefined
}

/** What is known of the chunk is to be computed anew. */
export function touchChunk(view: JobView, chunk: number) {
  view.chunkVersions.set(chunk, view.version)
}

/** What is known of all chunks is to be computed anew. */
export function touchAll(view: JobView) {
  if (view.info === undefined) return
  for (let chunk = 0; chunk < chunkCount(view.info); chunk++) touchChunk(view, chunk)
}
