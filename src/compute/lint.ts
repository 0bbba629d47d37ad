import { ENTRY_POINT, P } from '../job/abi.ts'
import type { Diagnostic, WgslProgram } from '../ports.ts'
import { lintExact } from './lint-exact.ts'
import { lintSlicing } from './lint-slicing.ts'
import { type Brackets, findEntryPoint, finding, pairBrackets, type Token, tokenize } from './wgsl-tokens.ts'

/** A hostile source is all findings; nobody reads more. */
const MAX_FINDINGS = 100

export type LintInput = Pick<WgslProgram, 'code' | 'exact' | 'invocations' | 'prelude' | 'workgroupSize'>

/**
 * What the compiler cannot know: whether the entry point has the workgroup size the Job says, whether it bears being dispatched in
 * slices and, where the program claims `exact` results, whether something in it may give different bits on another driver.
 * Lexical: errors are certain, warnings are likely.
 */
export function lint({ code, exact, invocations, prelude, workgroupSize }: LintInput): Diagnostic[] {
  const tokens = tokenize(code)
  const brackets = pairBrackets(tokens)
  const findings = [...lintEntryPoint(tokens, brackets, workgroupSize), ...lintSlicing(tokens, brackets, workgroupSize)]
  if (invocations % workgroupSize !== 0) findings.push(...lintGuard(tokens, exact))
  if (exact) findings.push(...lintExact(tokens, brackets))
  if (exact) findings.push(...lintBits(tokens, prelude.includes('reproducible-float')))
  return findings.toSorted((a, b) => rank(a) - rank(b) || a.line - b.line || a.column - b.column).slice(0, MAX_FINDINGS)
}

const rank = ({ severity }: Diagnostic) => (severity === 'error' ? 0 : 1)

function lintEntryPoint(tokens: readonly Token[], brackets: Brackets, workgroupSize: number): Diagnostic[] {
  const main = findEntryPoint(tokens)
  if (main < 0) return [{ severity: 'error', message: `expected an entry point \`fn ${ENTRY_POINT}\``, line: 0, column: 0 }]
  let start = main
  while (start > 0 && ![';', '}'].includes(tokens[start - 1]!.text)) start -= 1
  const attribute = tokens.findIndex(({ text }, index) => index >= start && index < main && text === 'workgroup_size')
  if (attribute < 0) return [finding(tokens[main]!, 'error', `expected @workgroup_size(${workgroupSize}) before the entry point`)]
  const sizes = tokens.slice(attribute + 2, brackets.closing(attribute + 1)).filter(({ text }) => text !== ',')
  const numbers = sizes.map(({ kind, text }) => (kind === 'integer' ? Number(text.replace(/[iu]$/, '')) : Number.NaN))
  const [width, ...others] = numbers
  if (width === workgroupSize && others.every((size) => size === 1)) return []
  const found = sizes.map(({ text }) => text).join(', ')
  return [finding(tokens[attribute]!, 'error', `expected @workgroup_size(${workgroupSize}) in numbers, as the Job says; found (${found})`)]
}

const LENGTH_INDEX = new RegExp(`^${P.invocations}u?$`)

/** The last workgroup runs over the end of the block; there a write goes to another's place, without a word from the driver. */
function lintGuard(tokens: readonly Token[], exact: boolean): Diagnostic[] {
  const main = findEntryPoint(tokens)
  const text = (index: number) => tokens[index]?.text ?? ''
  const guarded = tokens.some(
    (_, index) =>
      (text(index) === 'P' && text(index + 1) === '[' && LENGTH_INDEX.test(text(index + 2))) ||
      (text(index) === 'arrayLength' && text(index + 2) === '&' && text(index + 3) === 'O'),
  )
  if (main < 0 || guarded) return []
  const message = `the last workgroup runs over the end of the block: expected \`if (index >= P[${P.invocations}]) { return; }\``
  return [finding(tokens[main]!, exact ? 'error' : 'warning', message)]
}

/** Denormals are the one thing that the operators of the prelude do not catch by themselves; without it nothing catches them, nor a NaN. */
function lintBits(tokens: readonly Token[], isReproducible: boolean): Diagnostic[] {
  const message = isReproducible
    ? 'a float made of bits enters the reproducible functions by `rf_load(bits)`: devices differ in what denormals are to them'
    : 'devices differ in what they make of a float made of bits that is denormal, infinite or none: keep to integers, or list the prelude reproducible-float and use `rf_load(bits)`'
  const isFloatCast = (index: number) => tokens[index]?.text === 'bitcast' && tokens[index + 2]?.text === 'f32'
  return tokens.flatMap((token, index) => (isFloatCast(index) ? [finding(token, 'warning', message)] : []))
}
