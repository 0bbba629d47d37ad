import type { CID } from 'multiformats/cid'
import { keyOf } from './cid.ts'

/** The blocks that one operation wrote or relies on; the collector leaves them alone until it is released. */
export interface Hold {
  add(cid: CID): void
  release(): void
}

export interface Holds {
  open(): Hold
  /** Starts a collection; gives the test for blocks that were in use at any moment since. */
  watch(): { wasHeld(cid: CID): boolean; end(): void }
}

/** Keeps the collector from blocks that were put but not pinned yet, without making either wait for the other. */
export function createHolds(): Holds {
  const counts = new Map<string, number>()
  const watchers = new Set<Set<string>>()

  function open(): Hold {
    const mine = new Set<string>()
    return {
      add(cid) {
        const key = keyOf(cid)
        if (mine.has(key)) return
        mine.add(key)
        counts.set(key, (counts.get(key) ?? 0) + 1)
        for (const seen of watchers) seen.add(key)
      },
      release() {
        for (const key of mine) {
          const left = (counts.get(key) ?? 1) - 1
          if (left === 0) counts.delete(key)
          else counts.set(key, left)
        }
        mine.clear()
      },
    }
  }

  function watch() {
    const seen = new Set(counts.keys())
    watchers.add(seen)
    return { wasHeld: (cid: CID) => seen.has(keyOf(cid)), end: () => void watchers.delete(seen) }
  }

  return { open, watch }
}
