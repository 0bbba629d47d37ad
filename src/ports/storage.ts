import type { Abortable, Cid, PeerId } from './common.ts'

export interface FetchOptions extends Abortable {
  /** Peers likely to hold it, tried first: those that are connected, then the others, each in this order. */
  providers?: PeerId[]
  /** Refuse more than this. @default 1 GiB */
  maxBytes?: number
  onProgress?: (doneBytes: number, totalBytes: number | undefined) => void
}

/** Content-addressed bytes. Every byte that comes from a peer was checked against its CID before it is returned. */
export interface Blocks {
  /** Stores a file, pinned under `owner` (a Job's id), and gives its CID. */
  put(bytes: Uint8Array | AsyncIterable<Uint8Array>, options?: Abortable & { owner?: string }): Promise<Cid>
  /** Bytes [offset, offset + length) of the file; fetches only the leaves it lacks. Throws BlockNotFoundError, WrongBytesError. */
  read(cid: Cid, options?: FetchOptions & { offset?: number; length?: number }): Promise<Uint8Array>
  /** Brings the whole file here and pins it under `owner`. */
  fetch(cid: Cid, options?: FetchOptions & { owner?: string }): Promise<{ bytes: number }>
  /** The size of the file in bytes. */
  size(cid: Cid, options?: FetchOptions): Promise<number>
  has(cid: Cid): Promise<boolean>
  /** Marks an owner's work as done: its pins may be released by age and space. */
  finish?(owner: string): Promise<void>
  /** Drops all pins of an owner; what no owner pins goes at the next gc. */
  release(owner: string): Promise<void>
  /** Removes unpinned blocks; gives the bytes freed. */
  gc(options?: Abortable): Promise<{ freedBytes: number }>
  stop(): Promise<void>
}

/** Small private values of this peer that must survive a crash: what it needs to open its commits. */
export interface Vault {
  /** Resolves when the value is on the disk. */
  put(scope: string, key: string, value: Uint8Array): Promise<void>
  get(scope: string, key: string): Promise<Uint8Array | undefined>
  /** Forgets a scope (a Job's id). */
  drop(scope: string): Promise<void>
}
