import type { Abortable, PeerId } from './common.ts'

/** One verified entry of a Job's log. `author` wrote it and only it; `key` is unique for the author; a value never changes. */
export interface LogEntry {
  author: PeerId
  key: string
  value: Uint8Array
}

/** A Job's replicated log: insert-only, one signed sequence per author. State is a fold over its entries, in any order. */
export interface JobLog {
  readonly jobId: string
  /** Signs and stores the entries (batched), then gossips them. Resolves when they are durable here. */
  append(entries: readonly { key: string; value: Uint8Array }[]): Promise<void>
  /** All verified entries but those of `equivocators()`, authors mixed, each author's in its own order. */
  entries(): Iterable<LogEntry>
  /**
   * Called once per batch of new verified entries, our own included. An empty batch says that `equivocators()` grew: their entries are gone
   * from `entries()`, and a fold over them starts anew.
   */
  onEntries(listener: (entries: readonly LogEntry[]) => void): () => void
  /** Fetches from `peer` what it has and we lack, and the other way round. */
  syncWith(peer: PeerId, options?: Abortable): Promise<{ received: number; sent: number }>
  /**
   * Holds authors to less than the log's own limits from now on, ours included: what a Job of this shape can need. Whoever is above it already is convicted.
   * The quota must follow from the Job's id alone, so that all peers hold the same.
   */
  bound(quota: { authorEntries: number; authorBytes: number; jobBytes: number }): void
  /** Authors proved to have signed two histories, two values for one key, or more than their quota; refused from then on. */
  equivocators(): PeerId[]
  close(): Promise<void>
}

/** What a value must look like for its key: throws where it does not. Given by the domain, so that the replica knows no records. */
export type LogSchema = (jobId: string, author: PeerId, key: string, value: Uint8Array) => void

export interface Replica {
  /** Opens (or makes) the Job's log, joins its gossip; the same object for the same id until closed. */
  open(jobId: string, options?: Abortable & { meetAt?: PeerId[] }): Promise<JobLog>
  /** Ids of the Jobs with a log on this disk. */
  jobs(): Promise<string[]>
  /** Forgets a Job's log. */
  remove(jobId: string): Promise<void>
  stop(): Promise<void>
}
