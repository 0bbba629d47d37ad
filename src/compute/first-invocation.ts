import { P } from '../job/abi.ts'
import { type Token, tokenize } from './wgsl-tokens.ts'

/** P[12] in what the compiler reads: as long as what it stands for, so that columns stay. A program that has this name itself is refused. */
export const FIRST_NAME = 'P_12_'

/** Where it is bound, behind P, I and O. */
const FIRST_BINDING = 3

const DECLARATION = `@group(0) @binding(${FIRST_BINDING}) var<uniform> ${FIRST_NAME}: u32;`
const INDEX = new RegExp(`^${P.firstInvocation}u?$`)

/** Tokens of `P[12]`. */
export const FIRST_LENGTH = 4

/** Whether `P[12]`, written so, begins at `index`. */
export function isFirst(tokens: readonly Token[], index: number): boolean {
  const text = (at: number) => tokens[at]?.text ?? ''
  return text(index) === 'P' && text(index + 1) === '[' && INDEX.test(text(index + 2)) && text(index + 3) === ']'
}

/**
 * The source with each `P[12]`, written so, read from a binding of its own. In P itself that word is then always 0: an index that nobody can
 * foresee, a pointer to P, or another variable named P, finds nothing there that changes with the slicing of a block. Lines stay.
 */
export function separateFirst(code: string): string {
  const tokens = tokenize(code)
  const pieces: string[] = []
  let from = 0
  for (const [index, { offset }] of tokens.entries()) {
    if (!isFirst(tokens, index)) continue
    const end = tokens[index + FIRST_LENGTH - 1]!.offset + 1
    const written = code.slice(offset, end)
    // blanks, line breaks and comments may stand within it
    const breaks = written.match(/\r\n|[\n\v\f\r\u0085\u2028\u2029]/g)
    pieces.push(code.slice(from, offset), breaks === null ? FIRST_NAME.padEnd(written.length) : FIRST_NAME + breaks.join(''))
    from = end
  }
  return pieces.length === 0 ? code : [...pieces, code.slice(from), '\n', DECLARATION].join('')
}
