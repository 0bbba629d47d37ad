import { type Figure, type JudgedRow, judgeRow, type Target } from './figure.ts'
import type { Spread } from './stats.ts'

const HEAD = ['', 'measured: median (range)', 'limit in the same run', 'ratio', 'target'] as const

/** All figures as text: one block each, its columns aligned. */
export function renderFigures(figures: readonly Figure[]): string {
  return figures.map(renderFigure).join('\n\n')
}

function renderFigure({ id, title, rows, notes, skipped }: Figure): string {
  const lines = [`(${id}) ${title}`]
  if (rows.length > 0) lines.push(...alignColumns([[...HEAD], ...rows.map((row) => cellsOf(judgeRow(row)))]))
  if (skipped !== undefined) lines.push(`  skipped: ${skipped}`)
  lines.push(...notes.map((note) => `  ${note}`))
  return lines.join('\n')
}

/** The same as Markdown, for a document. */
export function renderMarkdown(figures: readonly Figure[]): string {
  return figures
    .map(({ id, title, rows, notes, skipped }) => {
      const table = [[...HEAD], HEAD.map(() => '---'), ...rows.map((row) => cellsOf(judgeRow(row)))].map(
        (cells) => `| ${cells.join(' | ')} |`,
      )
      const rest = [...(skipped === undefined ? [] : [`Skipped: ${skipped}`]), ...notes]
      return [`## (${id}) ${title}`, '', ...table, '', ...rest.flatMap((note) => [note, ''])].join('\n').trimEnd()
    })
    .join('\n\n')
}

export function cellsOf(row: JudgedRow): string[] {
  const { what, unit, median, limit, limitMedian, ratioMedian, target, pass } = row
  return [
    what,
    showSpread(median, unit),
    limit && limitMedian ? `${limit.what}: ${showSpread(limitMedian, limit.unit)}` : '',
    ratioMedian ? showSpread(ratioMedian, '') : '',
    target ? `${showTarget(target, unit)}: ${pass ? 'pass' : 'MISS'}` : '',
  ]
}

function showSpread({ median, min, max }: Spread, unit: string): string {
  const range = min === max ? '' : ` (${showNumber(min)}–${showNumber(max)})`
  return `${showNumber(median)}${unit && ` ${unit}`}${range}`
}

function showTarget({ of, is, value }: Target, unit: string): string {
  return `${is === '<=' ? '≤' : '≥'} ${showNumber(value)}${of === 'measured' ? ` ${unit}` : '×'}`
}

/** Three figures that count; nobody compares more. */
function showNumber(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en')
  return String(Number(value.toPrecision(3)))
}

function alignColumns(lines: readonly string[][]): string[] {
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((cells) => cells[column]!.length)))
  return lines.map((cells) => `  ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')}`.trimEnd())
}
