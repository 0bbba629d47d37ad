/** Long enough to leave the cores to a software driver, short beside a dispatch's 90 µs and its wait. */
const PAUSE_MS = 0.1

const cell = new Int32Array(new SharedArrayBuffer(4))
let pending = 0
let ticking = false

/**
 * The same promise, of a GPU operation. While any is pending Dawn polls on every tick of the event loop, a whole core's worth; pausing
 * between ticks made software drivers 1.4–1.8 times faster. The first two ticks do not pause: many operations are done by then.
 */
export function quietly<T>(promise: Promise<T>): Promise<T> {
  pending += 1
  if (!ticking) setImmediate(() => setImmediate(tick))
  ticking = true
  const settle = () => {
    pending -= 1
  }
  promise.then(settle, settle)
  return promise
}

function tick(): void {
  ticking = pending > 0
  if (!ticking) return
  Atomics.wait(cell, 0, 0, PAUSE_MS)
  setImmediate(tick)
}
