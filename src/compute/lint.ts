import type { Diagnostic, WgslProgram } from '../ports.ts'
import { ENTRY_POINT } from './abi.ts'
import { lintExact } from './lint-exact.ts'
import { closing, finding, type Token, tokenize } from './wgsl-tokens.ts'

/** A hostile source is all findings; nobody reads more. */
const MAX_FINDINGS = 100

/**
 * What the compiler cannot know: whether the entry point has the workgroup size the Job says and, where the program claims `exact`
 * results, whether something in it may give different bits on another driver. Lexical: errors are certain, warnings are likely.
 */
export function lint({ code, exact, workgroupSize }: Pick<WgslProgram, 'code' | 'exact' | 'workgroupSize'>): Diagnostic[] {
  const tokens = tokenize(code)
  const findings = [...lintEntryPoint(tokens, workgroupSize), ...(exact ? lintExact(tokens) : [])]
  return findings.toSorted((a, b) => rank(a) - rank(b) || a.line - b.line || a.column - b.column).slice(0, MAX_FINDINGS)
}

const rank = ({ severity }: Diagnostic) => (severity === 'error' ? 0 : 1)

function lintEntryPoint(tokens: readonly Token[], workgroupSize: number): Diagnostic[] {
  const main = tokens.findIndex(({ text }, index) => text === 'fn' && tokens[index + 1]?.text === ENTRY_POINT)
  if (main < 0) return [{ severity: 'error', message: `expected an entry point \`fn ${ENTRY_POINT}\``, line: 0, column: 0 }]
  let start = main
  while (start > 0 && ![';', '}'].includes(tokens[start - 1]!.text)) start -= 1
  const attribute = tokens.findIndex(({ text }, index) => index >= start && index < main && text === 'workgroup_size')
  if (attribute < 0) return [finding(tokens[main]!, 'error', `expected @workgroup_size(${workgroupSize}) before the entry point`)]
  const sizes = tokens.slice(attribute + 2, closing(tokens, attribute + 1)).filter(({ text }) => text !== ',')
  const numbers = sizes.map(({ kind, text }) => (kind === 'integer' ? Number(text.replace(/[iu]$/, '')) : Number.NaN))
  const [width, ...others] = numbers
  if (width === workgroupSize && others.every((size) => size === 1)) return []
  const found = sizes.map(({ text }) => text).join(', ')
  return [finding(tokens[attribute]!, 'error', `expected @workgroup_size(${workgroupSize}) in numbers, as the Job says; found (${found})`)]
}
