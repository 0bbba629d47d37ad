import type { CID } from 'multiformats/cid'
import { keyOf } from './cid.ts'

/** A block that came from elsewhere: its checked bytes, and when it lies in the store. */
interface Arrival {
  bytes: Uint8Array
  stored: Promise<void>
}

/** The promise to bring one block; others wait for it instead of asking again. */
export interface Claim {
  arrive(arrival: Arrival): void
  fail(reason: unknown): void
}

export interface Inflight {
  /** What another has promised; undefined where nobody has. Rejects where that fails: then try yourself. */
  of(cid: CID): Promise<Arrival> | undefined
  /** Promises to bring the block; undefined where somebody has promised already. */
  claim(cid: CID): Claim | undefined
}

/** Joins concurrent fetches of one block. A claim ends when the block is stored, so that nobody fetches it in between. */
export function createInflight(): Inflight {
  const promises = new Map<string, Promise<Arrival>>()

  function claim(cid: CID): Claim | undefined {
    const key = keyOf(cid)
    if (promises.has(key)) return undefined
    const { promise, resolve, reject } = Promise.withResolvers<Arrival>()
    promise.catch(() => {}) // nobody may be waiting
    promises.set(key, promise)
    const end = (): void => void promises.delete(key)
    return {
      arrive(arrival) {
        resolve(arrival)
        arrival.stored.then(end, end)
      },
      fail(reason) {
        end()
        reject(reason)
      },
    }
  }

  return { of: (cid) => promises.get(keyOf(cid)), claim }
}
