import { type Style, widthOf } from './style.ts'

export interface Column {
  title: string
  align?: 'left' | 'right'
}

/** Rows under titles, columns as wide as their widest cell, two spaces between. Cells may be marked up. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[], style: Style): string {
  const widths = columns.map(({ title }, index) => Math.max(widthOf(title), ...rows.map((row) => widthOf(row[index] ?? ''))))
  const line = (cells: readonly string[]) =>
    columns
      .map(({ align }, index) => pad(cells[index] ?? '', widths[index]!, align ?? 'left'))
      .join('  ')
      .trimEnd()
  return [style.bold(line(columns.map(({ title }) => title))), ...rows.map(line)].join('\n')
}

function pad(cell: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(cell)))
  return align === 'left' ? cell + space : space + cell
}
