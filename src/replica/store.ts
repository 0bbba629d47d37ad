/** An ordered map from text keys to bytes: all that the replica asks of a disk. Keys are ASCII and compare by code unit. */
export interface Store {
  /** All of `operations` or none. With `durable` it resolves when they would survive a loss of power. Rejects where the disk takes no write. */
  write(operations: readonly StoreOperation[], options: { durable: boolean }): Promise<void>
  /** The values of `keys`, in their order. */
  getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]>
  /** The pairs whose keys start with `prefix`, in order of keys. */
  range(prefix: string): AsyncIterable<[key: string, value: Uint8Array]>
  /** Saves what can be saved of a damaged store; called once when `range` fails. */
  repair?(): Promise<void>
  /** Waits for what is under way; idempotent. */
  close(): Promise<void>
}

export type StoreOperation = { type: 'put'; key: string; value: Uint8Array } | { type: 'del'; key: string }
