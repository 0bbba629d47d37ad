import type { Receipt } from '../rpc/fields.ts'
import type { SenderComponents, SenderInit } from './components.ts'
import { type Tracked, track } from './tracker.ts'

/** Each costs a look at every new block; older ones than these are left to whoever reads the chain's state. */
const MAX_WATCHED = 64

/** A transaction on its way. */
export interface Launched {
  /** Resolves when it is in a block or will never be: the next may go. */
  mined: Promise<void>
  /** Resolves when it counts, or with `overtaken` where another took its nonce; rejects where no node takes it, or with the stop's reason. */
  confirmed: Promise<Receipt | 'overtaken'>
}

export interface Launcher {
  launch(tracked: Tracked, options: { onSent: (hash: string) => void; onEnd: () => void }): Launched
  /** Resolves when nothing is followed any more; after `signal` was aborted. */
  ended(): Promise<void>
}

/** Sends transactions off and follows each until it is final, whoever still waits for it. */
export function createLauncher(components: SenderComponents, init: SenderInit, signal: AbortSignal): Launcher {
  const running = new Set<Promise<void>>()
  const watched: AbortController[] = []
  return {
    launch(tracked, { onSent, onEnd }) {
      const own = new AbortController()
      const mined = Promise.withResolvers<void>()
      const confirmed = Promise.withResolvers<Receipt | 'overtaken'>()
      // Whoever waited may have left.
      confirmed.promise.catch(() => {})
      const end = (error: unknown) => {
        mined.resolve()
        confirmed.reject(error)
      }
      const events = {
        onSent,
        onMined: () => mined.resolve(),
        onConfirmed: (receipt: Receipt) => {
          confirmed.resolve(receipt)
          watched.push(own)
          if (watched.length > MAX_WATCHED) watched.shift()!.abort()
        },
        onOvertaken: () => {
          mined.resolve()
          confirmed.resolve('overtaken')
        },
        onRefused: (error: Error) => end(components.explain(error, tracked.call)),
      }
      const following = track(components, init, tracked, events, AbortSignal.any([signal, own.signal]))
        .catch(end)
        .finally(() => {
          onEnd()
          running.delete(following)
          const at = watched.indexOf(own)
          if (at >= 0) watched.splice(at, 1)
        })
      running.add(following)
      return { mined: mined.promise, confirmed: confirmed.promise }
    },
    async ended() {
      await Promise.all(running)
    },
  }
}
