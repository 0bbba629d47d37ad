/** Marks up text for a terminal, or leaves it as it is. */
export interface Style {
  bold(text: string): string
  dim(text: string): string
  red(text: string): string
  green(text: string): string
  yellow(text: string): string
  cyan(text: string): string
}

const mark = (on: number, off: number) => (text: string) => `\u001b[${on}m${text}\u001b[${off}m`

const colorful: Style = {
  bold: mark(1, 22),
  dim: mark(2, 22),
  red: mark(31, 39),
  green: mark(32, 39),
  yellow: mark(33, 39),
  cyan: mark(36, 39),
}

const same = (text: string) => text

const plain: Style = { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same }

export const createStyle = (color: boolean): Style => (color ? colorful : plain)

/** The text as a terminal shows it: without marks, and without anything else that a stranger's text could do to the terminal. */
export function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is the control characters that must go
  return text.replaceAll(/\u001b\[[\d;]*m/g, '').replaceAll(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '�')
}

/** A stranger's text, short enough for a cell of a table and unable to move the cursor. */
export function safe(text: string, maxLength = 60): string {
  const clean = visible(text)
  return clean.length > maxLength ? `${clean.slice(0, maxLength - 1)}…` : clean
}

/** How many columns the text takes, marks not counted. */
export const widthOf = (text: string): number => [...visible(text)].length
