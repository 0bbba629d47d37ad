import type { CID } from 'multiformats/cid'
import { FileTooLargeError } from './errors.ts'
import type { Hold } from './holds.ts'
import type { Claim } from './inflight.ts'
import { MAX_BLOCK_BYTES } from './limits.ts'
import type { BlockStore } from './store.ts'

/** Inner nodes come on top of a file's own bytes: 64 bytes a leaf and a few small nodes; this is ample for both. */
const NODE_SHARE = 1.02
const NODE_BYTES = 2 * MAX_BLOCK_BYTES
/** Writes of blocks that may be under way before the next block is taken from the stream. */
const MAX_PENDING_WRITES = 8

export interface IntakeInit {
  root: CID
  hold: Hold
  maxBytes: number
}

/** Where one operation's blocks go once they are checked. */
export interface Intake {
  /** Hands a block to its claim and to the store; waits while too many writes are under way. Throws FileTooLargeError. */
  take(cid: CID, bytes: Uint8Array, claim: Claim | undefined): Promise<void>
  /** Counts a write among those that `stored` waits for. */
  track(stored: Promise<void>): Promise<void>
  /** Resolves when all writes have ended. Throws DiskFullError, StoreFailedError. */
  stored(): Promise<void>
}

export function createIntake(store: Pick<BlockStore, 'put'>, { root, hold, maxBytes }: IntakeInit): Intake {
  const writes = new Set<Promise<void>>()
  let writeFailure: unknown
  let receivedBytes = 0

  function track(stored: Promise<void>): Promise<void> {
    const write = stored.then(
      () => void writes.delete(write),
      (error) => {
        writeFailure ??= error
        writes.delete(write)
      },
    )
    writes.add(write)
    return stored
  }

  return {
    track,
    async take(cid, bytes, claim) {
      receivedBytes += bytes.length
      if (receivedBytes > maxBytes * NODE_SHARE + NODE_BYTES) throw new FileTooLargeError(root.toString(), receivedBytes, maxBytes)
      hold.add(cid)
      claim?.arrive({ bytes, stored: track(store.put(cid, bytes)) })
      while (writes.size >= MAX_PENDING_WRITES) await Promise.race(writes)
    },
    async stored() {
      while (writes.size > 0) await Promise.all(writes)
      if (writeFailure !== undefined) throw writeFailure
    },
  }
}
