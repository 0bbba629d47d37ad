import { ENTRY_POINT } from '../job/abi.ts'
import type { Diagnostic } from '../ports.ts'

export interface Token {
  kind: 'name' | 'integer' | 'float' | 'sign'
  text: string
  /** 1-based, counted as the compiler counts. */
  line: number
  column: number
  /** Where it begins in the source, in UTF-16 units. */
  offset: number
}

const PATTERN = new RegExp(
  [
    /(?<newline>\r\n|[\n\v\f\r\u0085\u2028\u2029])/,
    /(?<space>[ \t\u200e\u200f]+|\/\/[^\n\v\f\r\u0085\u2028\u2029]*)/,
    /(?<open>\/\*)/,
    /(?<name>[\p{XID_Start}_][\p{XID_Continue}]*)/u,
    /(?<float>0[xX](?:[\da-fA-F]*\.[\da-fA-F]+|[\da-fA-F]+\.?)[pP][+-]?\d+[fh]?|0[xX][\da-fA-F]*\.[\da-fA-F]+|(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?[fh]?|\d+[eE][+-]?\d+[fh]?|\d+[fh])/,
    /(?<integer>0[xX][\da-fA-F]+[iu]?|\d+[iu]?)/,
    /(?<sign>->|&&|\|\||<<=|>>=|[-+*/%&|^<>=!]=|\+\+|--|.)/su,
  ]
    .map(({ source }) => source)
    .join('|'),
  'uy',
)

/** The tokens of WGSL source, comments left out. Never throws: what is no WGSL comes back as signs, and the compiler will say so. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = []
  const place = { line: 1, lineStart: 0 }
  for (let at = 0; at < source.length; ) {
    PATTERN.lastIndex = at
    const groups = PATTERN.exec(source)!.groups!
    const end = groups.open === undefined ? PATTERN.lastIndex : endOfComment(source, at, place)
    if (groups.newline !== undefined) startLine(place, end)
    for (const kind of ['name', 'integer', 'float', 'sign'] as const) {
      const text = groups[kind]
      if (text !== undefined) tokens.push({ kind, text, line: place.line, column: at - place.lineStart + 1, offset: at })
    }
    at = end
  }
  return tokens
}

function startLine(place: { line: number; lineStart: number }, at: number): void {
  place.line += 1
  place.lineStart = at
}

/** The end of the block comment that begins at `from`; such comments nest. */
function endOfComment(source: string, from: number, place: { line: number; lineStart: number }): number {
  const marks = /\/\*|\*\/|\r\n|[\n\v\f\r\u0085\u2028\u2029]/g
  marks.lastIndex = from
  for (let depth = 0; ; ) {
    const mark = marks.exec(source)
    if (mark === null) return source.length
    if (mark[0] === '/*') depth += 1
    else if (mark[0] === '*/') depth -= 1
    else startLine(place, marks.lastIndex)
    if (depth === 0) return marks.lastIndex
  }
}

export interface Brackets {
  /** The index of the bracket that closes the one at `open`; the number of tokens where none does. */
  closing(open: number): number
  /** The index of the bracket that the one at `close` closes. */
  opening(close: number): number | undefined
}

/** Pairs up (), [] and {} in one pass. */
export function pairBrackets(tokens: readonly Token[]): Brackets {
  const pairs = new Map<number, number>()
  const open: number[] = []
  for (const [index, { kind, text }] of tokens.entries()) {
    if (kind !== 'sign') continue
    if ('([{'.includes(text)) open.push(index)
    else if (')]}'.includes(text) && open.length > 0) {
      const start = open.pop()!
      pairs.set(start, index).set(index, start)
    }
  }
  return { closing: (start) => pairs.get(start) ?? tokens.length, opening: (end) => pairs.get(end) }
}

/** The functions that the source declares; such a name no longer means the built-in function. */
export function ownFunctions(tokens: readonly Token[]): Set<string> {
  return new Set(tokens.filter((_, index) => tokens[index - 1]?.text === 'fn').map(({ text }) => text))
}

/** The index of the `fn` of the entry point, or −1. */
export function findEntryPoint(tokens: readonly Token[]): number {
  return tokens.findIndex(({ text }, index) => text === 'fn' && tokens[index + 1]?.text === ENTRY_POINT)
}

/** A diagnostic that points at a token. */
export function finding({ line, column }: Token, severity: Diagnostic['severity'], message: string): Diagnostic {
  return { severity, message, line, column }
}
