/** Measures the phases of a run one after another. */
export interface Stopwatch {
  /** Ends the phase under way and calls it so; gives its milliseconds. A name that comes again adds up. */
  lap(name: string): number
  /** By name, in whole milliseconds. */
  phasesMs(): Record<string, number>
  totalMs(): number
}

export function createStopwatch(): Stopwatch {
  const phases: Record<string, number> = {}
  const started = performance.now()
  let last = started
  return {
    lap(name) {
      const now = performance.now()
      const tookMs = Math.round(now - last)
      phases[name] = (phases[name] ?? 0) + tookMs
      last = now
      return tookMs
    },
    phasesMs: () => ({ ...phases }),
    totalMs: () => Math.round(last - started),
  }
}
