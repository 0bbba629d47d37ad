/** A libp2p peer id in its base58 text form (`12D3KooW…` for Ed25519 keys). */
export type PeerId = string
/** A CID in its canonical text form (`bafk…`, `bafy…`). */
export type Cid = string

export interface Abortable {
  signal?: AbortSignal
}

/** A monotonic clock, and timers that a simulator can drive. Clocks of two machines are never compared. */
export interface Clock {
  /** Milliseconds since an arbitrary start; never goes back. */
  nowMs(): number
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted. */
  sleep(ms: number, options?: Abortable): Promise<void>
}
