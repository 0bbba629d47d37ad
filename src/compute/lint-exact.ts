import type { Diagnostic } from '../ports.ts'
import { findFloatNames } from './float-names.ts'
import { type Brackets, finding, ownFunctions, type Token } from './wgsl-tokens.ts'

/** Built-in functions on floats whose result WGSL leaves to the driver within some error. */
const INEXACT = new Set(
  `acos acosh asin asinh atan atan2 atanh cos cosh cross degrees determinant distance dot exp exp2 faceForward fma fract inverseSqrt ldexp
  length log log2 mix modf normalize pack2x16float pack2x16snorm pack2x16unorm pack4x8snorm pack4x8unorm pow quantizeToF16 radians reflect
  refract saturate sin sinh smoothstep sqrt step tan tanh unpack2x16float unpack2x16snorm unpack2x16unorm unpack4x8snorm unpack4x8unorm`.split(
    /\s+/,
  ),
)

/** What to call instead, where the prelude has it. */
const INSTEAD = new Map(
  Object.entries({ cos: 'rf_cos', exp: 'rf_exp', inverseSqrt: 'rf_inverse_sqrt', log: 'rf_log', sin: 'rf_sin', sqrt: 'rf_sqrt' }),
)

/** Their effect does not depend on the order of invocations, as long as nobody looks at the value before. */
const COMMUTATIVE = new Set(['atomicAdd', 'atomicSub', 'atomicMin', 'atomicMax', 'atomicAnd', 'atomicOr', 'atomicXor'])
const ORDERED = new Set(['atomicExchange', 'atomicCompareExchangeWeak'])
const DELICATE = new Set(['atomicLoad', 'atomicStore'])

const ARITHMETIC = new Set(['+', '-', '*', '/', '%', '+=', '-=', '*=', '/=', '%='])

/** Findings that make bit-for-bit comparison of a program's results between drivers unsound. */
export function lintExact(tokens: readonly Token[], brackets: Brackets): Diagnostic[] {
  return [...lintCalls(tokens, brackets), ...lintArithmetic(tokens, brackets)]
}

function lintCalls(tokens: readonly Token[], brackets: Brackets): Diagnostic[] {
  const findings: Diagnostic[] = []
  const own = ownFunctions(tokens)
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== 'name') continue
    if (token.text === 'subgroups') findings.push(finding(token, 'error', 'subgroups differ in size between devices'))
    if (tokens[index + 1]?.text !== '(' || own.has(token.text)) continue
    const found = judgeCall(tokens, brackets, index)
    if (found !== undefined) findings.push(found)
  }
  return findings
}

function judgeCall(tokens: readonly Token[], brackets: Brackets, index: number): Diagnostic | undefined {
  const token = tokens[index]!
  const { text } = token
  if (/^(?:subgroup|quad)[A-Z]/.test(text)) return finding(token, 'error', `\`${text}\` depends on the device’s subgroup size`)
  if (INEXACT.has(text)) {
    const instead = INSTEAD.get(text)
    const advice =
      instead === undefined ? 'write it with the reproducible-float functions' : `call \`${instead}\` of the reproducible-float prelude`
    return finding(token, 'error', `\`${text}\` differs between drivers; ${advice}`)
  }
  if (ORDERED.has(text)) return finding(token, 'error', `the result of \`${text}\` depends on the order of invocations`)
  if (DELICATE.has(text)) return finding(token, 'warning', `\`${text}\` depends on the order of invocations, unless a barrier sets it`)
  if (COMMUTATIVE.has(text) && isUsed(tokens, brackets, index)) {
    return finding(token, 'error', `the value that \`${text}\` returns depends on the order of invocations; call it as a statement`)
  }
  return undefined
}

/** True unless the call at `index` is a whole statement, or assigned to `_`. */
function isUsed(tokens: readonly Token[], brackets: Brackets, index: number): boolean {
  const before = tokens[index - 1]?.text
  const startsStatement = before === ';' || before === '{' || before === '}' || (before === '=' && tokens[index - 2]?.text === '_')
  // `)` too: it may end the update clause of a `for`
  const after = tokens[brackets.closing(index + 1) + 1]?.text
  return !(startsStatement && (after === ';' || after === ')'))
}

function lintArithmetic(tokens: readonly Token[], brackets: Brackets): Diagnostic[] {
  const floats = findFloatNames(tokens, brackets)
  return tokens.flatMap((token, index) => {
    if (token.kind !== 'sign' || !ARITHMETIC.has(token.text) || !endsOperand(tokens[index - 1])) return []
    if (!floats.endsFloat(index - 1) && !floats.startsFloat(index + 1)) return []
    return [finding(token, 'warning', `\`${token.text}\` on f32 may differ between drivers; use the reproducible-float functions`)]
  })
}

/** Tells `a - b` from `-b`. */
function endsOperand(token: Token | undefined): boolean {
  if (token === undefined || token.text === 'return') return false
  return token.kind !== 'sign' || token.text === ')' || token.text === ']'
}
