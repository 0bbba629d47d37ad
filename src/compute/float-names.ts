import { closing, ownFunctions, type Token } from './wgsl-tokens.ts'

const FLOAT_TYPE = /^(?:f32|f16|vec[234][fh]|mat[234]x[234][fh])$/
const GENERIC_TYPE = /^(?:vec[234]|mat[234]x[234]|array|atomic|ptr|bitcast)$/

/** Prelude functions whose result is not a float. */
const NOT_FLOAT = new Set(['rf_to_i32', 'rf_less', 'rf_is_nan', 'rf_order'])

/** Which tokens are floats, as far as names tell without types. */
export interface FloatNames {
  /** True where the expression whose first token is at `index` begins with a float. */
  startsFloat(index: number): boolean
  /** True where the expression whose last token is at `index` ends with a float. */
  endsFloat(index: number): boolean
}

/** Reads declarations: `x: f32`, `let x = rf_add(…)`, `fn f() -> vec3f`. A name counts for the whole source: warnings, not proofs. */
export function findFloatNames(tokens: readonly Token[]): FloatNames {
  const values = new Set<string>()
  const floatFunctions = new Set<string>()
  const own = ownFunctions(tokens)
  const text = (index: number) => tokens[index]?.text ?? ''
  // the matching opening bracket of each closing one, so that no expression is walked twice
  const opening = matchBrackets(tokens)

  const isFloatType = (index: number): boolean =>
    FLOAT_TYPE.test(text(index)) || (GENERIC_TYPE.test(text(index)) && text(index + 1) === '<' && typeInside(index + 2))
  const typeInside = (index: number): boolean => isFloatType(index) || (text(index + 1) === ',' && isFloatType(index + 2))
  const isFloatFunction = (name: string) =>
    own.has(name) ? floatFunctions.has(name) : FLOAT_TYPE.test(name) || (name.startsWith('rf_') && !NOT_FLOAT.has(name))

  const startsFloat = (index: number): boolean => {
    let at = index
    while (text(at) === '-' || text(at) === '(') at += 1
    const { kind, text: word } = tokens[at] ?? { kind: 'sign', text: '' }
    if (kind === 'float') return true
    if (kind !== 'name') return false
    if (text(at + 1) === '<') return isFloatType(at)
    return text(at + 1) === '(' ? isFloatFunction(word) : values.has(word) || (text(at + 1) === '.' && values.has(text(at + 2)))
  }

  const endsFloat = (index: number): boolean => {
    const { kind, text: word } = tokens[index] ?? { kind: 'sign', text: '' }
    if (kind === 'float') return true
    if (kind === 'name') return values.has(word) || (text(index - 1) === '.' && endsFloat(index - 2))
    const open = opening.get(index)
    if (open === undefined) return false
    if (word === ']') return endsFloat(open - 1)
    if (word !== ')') return false
    if (tokens[open - 1]?.kind === 'name') return isFloatFunction(text(open - 1))
    if (text(open - 1) === '>') return text(open - 4) === 'bitcast' || text(open - 3) === '<' ? FLOAT_TYPE.test(text(open - 2)) : false
    return startsFloat(open)
  }

  for (let index = 0; index < tokens.length; index++) {
    const word = text(index)
    if (word === 'fn' && text(index + 2) === '(') {
      const end = closing(tokens, index + 2)
      if (text(end + 1) === '->' && isFloatType(end + 2)) floatFunctions.add(text(index + 1))
    } else if (word === ':' && isFloatType(index + 1)) values.add(text(index - 1))
    else if (word === '=' && isDeclaration(tokens, index) && startsFloat(index + 1)) values.add(text(index - 1))
  }
  return { startsFloat, endsFloat }
}

const isDeclaration = (tokens: readonly Token[], equals: number) => ['let', 'var', 'const', '>'].includes(tokens[equals - 2]?.text ?? '')

function matchBrackets(tokens: readonly Token[]): Map<number, number> {
  const matches = new Map<number, number>()
  const open: number[] = []
  for (const [index, { kind, text }] of tokens.entries()) {
    if (kind !== 'sign') continue
    if ('([{'.includes(text)) open.push(index)
    else if (')]}'.includes(text) && open.length > 0) matches.set(index, open.pop()!)
  }
  return matches
}
