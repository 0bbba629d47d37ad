interface Taker {
  resolve(item: number | undefined): void
}

/** Callers that wait for an item, first come, first served. */
export interface Takers {
  /** Resolves with an item, or undefined where no more come. Rejects with the signal's reason. */
  wait(signal: AbortSignal | undefined): Promise<number | undefined>
  /** False where nobody waits. */
  give(item: number): boolean
  endAll(): void
}

export function createTakers({ onWaiting, onGone }: { onWaiting: () => void; onGone: () => void }): Takers {
  const waiting: Taker[] = []

  return {
    wait(signal) {
      if (signal?.aborted) return Promise.reject(signal.reason)
      return new Promise((resolve, reject) => {
        const abort = () => {
          waiting.splice(waiting.indexOf(taker), 1)
          reject(signal?.reason)
          onGone()
        }
        const taker: Taker = {
          resolve(item) {
            signal?.removeEventListener('abort', abort)
            resolve(item)
          },
        }
        signal?.addEventListener('abort', abort, { once: true })
        waiting.push(taker)
        onWaiting()
      })
    },
    give(item) {
      const taker = waiting.shift()
      taker?.resolve(item)
      return taker !== undefined
    },
    endAll() {
      for (const taker of waiting.splice(0)) taker.resolve(undefined)
    },
  }
}
