import { createStyle, type Style } from './render/style.ts'

/** What a command has to say on stdout: text for a reader, or JSON alone. */
export interface Output {
  readonly isJson: boolean
  readonly style: Style
  /** True where a reader watches stdout itself. */
  readonly isTerminal: boolean
  /** A whole result. */
  result(data: unknown, text: () => string): void
  /** One of many: a line of JSON each. `text` may leave a reader without a line. */
  item(data: unknown, text: () => string | undefined): void
}

export interface OutputInit {
  isJson: boolean
  color: boolean
  stdout: { write(text: string): unknown; isTTY?: boolean }
}

export function createOutput({ isJson, color, stdout }: OutputInit): Output {
  const line = (text: string | undefined) => text === undefined || stdout.write(text.endsWith('\n') ? text : `${text}\n`)
  return {
    isJson,
    style: createStyle(color),
    isTerminal: stdout.isTTY === true,
    result: (data, text) => void line(isJson ? JSON.stringify(data, plain, 2) : text()),
    item: (data, text) => void line(isJson ? toJson(data) : text()),
  }
}

/** A line of JSON. */
export const toJson = (data: unknown): string => JSON.stringify(data, plain)

/** JSON knows no bigint; amounts are text everywhere else too. */
function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}
