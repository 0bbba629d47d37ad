/** The middle and the ends of repeated measurements, in their unit. */
export interface Spread {
  median: number
  min: number
  max: number
}

/** Throws RangeError for no values. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  if (sorted.length === 0) throw new RangeError('expected at least one measurement, found none')
  const low = sorted[(sorted.length - 1) >> 1]!
  const high = sorted[sorted.length >> 1]!
  return { median: (low + high) / 2, min: sorted[0]!, max: sorted.at(-1)! }
}

/** The value below which the share `q` (0 to 1) of the measurements lies. Throws RangeError for no values. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const value = sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]
  if (value === undefined) throw new RangeError('expected at least one measurement, found none')
  return value
}
