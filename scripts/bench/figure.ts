import { type Spread, spreadOf } from './stats.ts'

/** One line of a figure: what was measured in each round, beside its limit in the same round. */
export interface Row {
  what: string
  unit: string
  measured: readonly number[]
  /** What the machine itself, or a rival, does; of the same rounds. */
  limit?: { what: string; unit: string; measured: readonly number[] }
  /** `measured` against `limit` by round, where that is more than a division, or the other way round. @default measured / limit */
  ratio?: readonly number[]
  target?: Target
}

/** What the row should reach; its median is judged. */
export interface Target {
  of: 'measured' | 'ratio'
  is: '<=' | '>='
  value: number
}

export interface Figure {
  id: number
  title: string
  rows: Row[]
  /** How it was measured, where the rows do not say. */
  notes: string[]
  /** Why there are no rows, or not all of them. */
  skipped?: string
}

export interface BenchOptions {
  /** Seconds instead of minutes: shows that everything runs, its numbers say little. */
  quick: boolean
  /** Where child processes write CPU profiles. */
  profiles?: string
  /** What is under way, for a person. */
  onProgress(line: string): void
}

export interface FigureDefinition {
  id: number
  title: string
  measure(options: BenchOptions): Promise<Omit<Figure, 'id' | 'title'>>
}

/** A row with its statistics: what goes into the JSON and the table. */
export interface JudgedRow extends Row {
  median: Spread
  limitMedian: Spread | undefined
  ratioMedian: Spread | undefined
  /** Undefined where there is no target. */
  pass: boolean | undefined
}

export function judgeRow(row: Row): JudgedRow {
  const { measured, limit, target } = row
  const ratio = row.ratio ?? (limit && ratioOf(measured, limit.measured))
  const median = spreadOf(measured)
  const ratioMedian = ratio && spreadOf(ratio)
  const judged = target?.of === 'ratio' ? ratioMedian?.median : median.median
  const pass = target && judged !== undefined ? (target.is === '<=' ? judged <= target.value : judged >= target.value) : undefined
  return { ...row, median, limitMedian: limit && spreadOf(limit.measured), ratioMedian, pass }
}

/** Round by round where both were measured as often, else against the median. */
export function ratioOf(measured: readonly number[], limit: readonly number[]): number[] {
  if (measured.length === limit.length) return measured.map((value, round) => value / limit[round]!)
  const { median } = spreadOf(limit)
  return measured.map((value) => value / median)
}
