import type { Clock } from '../ports.ts'

/** Ownership is timed in hundreds of milliseconds, and an idle queue costs a few microseconds a tick. */
const TICK_MS = 50

export interface Clockwork {
  /** One more tick after `afterMs`, unless one is due before. */
  wake(afterMs: number): void
  /** Idempotent. */
  stop(): void
}

/** Calls `tick` regularly, and earlier where asked to, until stopped. */
export function startClockwork(clock: Clock, tick: () => void): Clockwork {
  const stopped = new AbortController()
  const { signal } = stopped
  let wakeAtMs = Number.POSITIVE_INFINITY

  const after = async (ms: number): Promise<boolean> => {
    await clock.sleep(ms, { signal }).catch(() => {})
    return !signal.aborted
  }

  const regularly = async () => {
    while (await after(TICK_MS)) tick()
  }

  const once = async (afterMs: number, atMs: number) => {
    if (!(await after(afterMs))) return
    if (wakeAtMs === atMs) wakeAtMs = Number.POSITIVE_INFINITY
    tick()
  }

  void regularly()
  return {
    wake(afterMs) {
      const atMs = clock.nowMs() + afterMs
      if (signal.aborted || wakeAtMs <= atMs) return
      wakeAtMs = atMs
      void once(afterMs, atMs)
    },
    stop: () => stopped.abort(),
  }
}
