import type { StreamSpec } from '../ports.ts'

export type Expiry = { limit: 'idle' | 'total'; timeoutMs: number }

/** The clocks of one exchange: an idle one that only runs while we wait on the peer, and a total one. */
export interface Exchange {
  /** Aborted when a clock ran out, when the caller's signal was aborted, or by `stop`. */
  readonly signal: AbortSignal
  /** Which clock ran out; undefined where none did. */
  readonly expired: Expiry | undefined
  /** Runs the idle clock while `wait` is pending; rejects as soon as the exchange is aborted. */
  waitingOnPeer<T>(wait: Promise<T>): Promise<T>
  /** Stops the clocks, and aborts what still waits. Idempotent. */
  stop(): void
}

export function startExchange(spec: Pick<StreamSpec, 'idleTimeoutMs' | 'totalTimeoutMs'>, outer?: AbortSignal): Exchange {
  const controller = new AbortController()
  let expired: Expiry | undefined
  const expire = (limit: 'idle' | 'total', timeoutMs: number) => () => {
    expired ??= { limit, timeoutMs }
    controller.abort(new DOMException(`${limit} timeout`, 'TimeoutError'))
  }
  const follow = () => controller.abort(outer?.reason)
  const total = setTimeout(expire('total', spec.totalTimeoutMs), spec.totalTimeoutMs)
  if (outer?.aborted) follow()
  else outer?.addEventListener('abort', follow, { once: true })

  return {
    signal: controller.signal,
    get expired() {
      return expired
    },
    async waitingOnPeer(wait) {
      const idle = setTimeout(expire('idle', spec.idleTimeoutMs), spec.idleTimeoutMs)
      try {
        return await raceAbort(wait, controller.signal)
      } finally {
        clearTimeout(idle)
      }
    },
    stop() {
      clearTimeout(total)
      outer?.removeEventListener('abort', follow)
      controller.abort(new DOMException('the exchange is over', 'AbortError'))
    },
  }
}

/** `wait`, or the signal's reason as a rejection, whichever comes first; leaves no listener behind. */
export async function raceAbort<T>(wait: Promise<T>, signal: AbortSignal): Promise<T> {
  // What loses the race may still reject later; nobody listens to it then.
  wait.catch(() => {})
  signal.throwIfAborted()
  const { promise, reject } = Promise.withResolvers<never>()
  const aborted = () => reject(signal.reason)
  signal.addEventListener('abort', aborted, { once: true })
  try {
    return await Promise.race([wait, promise])
  } finally {
    signal.removeEventListener('abort', aborted)
  }
}
