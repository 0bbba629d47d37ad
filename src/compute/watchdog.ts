import type { Clock } from '../ports.ts'

/** Nobody reads it: without a reason of its own each abort makes an error with a stack, once a block. */
const OVER = 'over'

/** Makes each `call` at its `afterMs` from now, until the returned function is called. */
export function watch(clock: Clock, ...steps: { afterMs: number; call: () => void }[]): () => void {
  const ended = new AbortController()
  for (const { afterMs, call } of steps) {
    clock.sleep(afterMs, { signal: ended.signal }).then(
      () => ended.signal.aborted || call(),
      () => {},
    )
  }
  return () => ended.abort(OVER)
}
