import { type Brackets, ownFunctions, type Token } from './wgsl-tokens.ts'

const FLOAT_TYPE = /^(?:f32|f16|vec[234][fh]|mat[234]x[234][fh])$/
const GENERIC_TYPE = /^(?:vec[234]|mat[234]x[234]|array|atomic|ptr|bitcast)$/
const SWIZZLE = /^(?:[xyzw]{1,4}|[rgba]{1,4})$/

/** Prelude functions whose result is not a float. */
const NOT_FLOAT = new Set(['rf_to_i32', 'rf_less', 'rf_is_nan', 'rf_order'])

/** Which expressions are floats, as far as names tell without types. */
export interface FloatNames {
  /** True where the expression whose first token is at `index` begins with a float. */
  startsFloat(index: number): boolean
  /** True where the expression whose last token is at `index` ends with a float. */
  endsFloat(index: number): boolean
}

/** Reads declarations: `x: f32`, `let x = rf_add(…)`, `fn f() -> vec3f`. A name counts for its function: good for warnings, not for proofs. */
export function findFloatNames(tokens: readonly Token[], brackets: Brackets): FloatNames {
  const text = (index: number) => tokens[index]?.text ?? ''
  const own = ownFunctions(tokens)
  const floatFunctions = new Set<string>()
  const values = new Set<string>()
  const scopes = functionScopes(tokens, brackets)
  const valueAt = (index: number) => values.has(`${scopes[index]} ${text(index)}`) || values.has(`0 ${text(index)}`)

  const aliases = new Set<string>()
  const members = new Set<string>()
  const isFloatName = (name: string) => FLOAT_TYPE.test(name) || aliases.has(name)
  const isFloatType = (index: number): boolean => isFloatName(text(index)) || isGenericFloat(index)
  // `ptr<function, f32>` is as deep as it gets; `array<array<f32, 2>, 3>` is indexed down to its name
  const isGenericFloat = (index: number): boolean => {
    if (!GENERIC_TYPE.test(text(index)) || text(index + 1) !== '<') return false
    const inner = text(index + 3) === ',' && text(index) === 'ptr' ? index + 4 : index + 2
    return isFloatName(text(inner)) || isFloatName(text(inner + 2))
  }
  const isFloatFunction = (name: string) =>
    own.has(name) ? floatFunctions.has(name) : isFloatName(name) || (name.startsWith('rf_') && !NOT_FLOAT.has(name))

  const startsFloat = (index: number): boolean => {
    let at = index
    while (text(at) === '-' || text(at) === '(') at += 1
    const kind = tokens[at]?.kind
    if (kind !== 'name') return kind === 'float'
    if (text(at + 1) === '<') return isFloatType(at)
    if (text(at + 1) === '(') return isFloatFunction(text(at))
    if (text(at + 1) === '.' && members.has(text(at + 2))) return true
    if (text(at + 1) === '.' && !SWIZZLE.test(text(at + 2))) return valueAt(at + 2)
    return valueAt(at)
  }

  const endsFloat = (index: number): boolean => {
    let at = index
    // back over `[…]` and `.xyz` to the name that has a type
    for (;;) {
      if (text(at) === ']') at = (brackets.opening(at) ?? 0) - 1
      else if (text(at - 1) === '.' && members.has(text(at))) return true
      else if (text(at - 1) === '.' && SWIZZLE.test(text(at))) at -= 2
      else break
    }
    const kind = tokens[at]?.kind
    if (kind === 'float') return true
    if (kind === 'name') return valueAt(at)
    const open = text(at) === ')' ? brackets.opening(at) : undefined
    if (open === undefined) return false
    if (tokens[open - 1]?.kind === 'name') return isFloatFunction(text(open - 1))
    // bitcast<f32>(…), vec3<f32>(…)
    return text(open - 1) === '>' ? isFloatName(text(open - 2)) : startsFloat(open)
  }

  // an alias may stand before what it stands for
  for (let round = 0; round < 2; round++) {
    for (const [index, token] of tokens.entries()) if (token.text === 'alias' && isFloatType(index + 3)) aliases.add(text(index + 1))
  }
  for (let index = 0, structEnd = 0; index < tokens.length; index++) {
    const word = text(index)
    if (word === 'struct') structEnd = brackets.closing(index + 2)
    // a member may have a swizzle's name
    if (word === ':' && index < structEnd && isFloatType(index + 1)) members.add(text(index - 1))
    if (word === 'fn' && text(index + 2) === '(') {
      const end = brackets.closing(index + 2)
      if (text(end + 1) === '->' && isFloatType(end + 2)) floatFunctions.add(text(index + 1))
    } else if (word === ':' && isFloatType(index + 1)) values.add(`${scopes[index]} ${text(index - 1)}`)
    else if (word === '=' && isDeclaration(tokens, index) && startsFloat(index + 1)) values.add(`${scopes[index]} ${text(index - 1)}`)
  }
  return { startsFloat, endsFloat }
}

/** Which function each token belongs to, by number; 0 outside of functions. */
function functionScopes(tokens: readonly Token[], brackets: Brackets): Uint32Array {
  const scopes = new Uint32Array(tokens.length)
  let count = 0
  for (let index = 0; index < tokens.length; index++) {
    if (tokens[index]!.text !== 'fn') continue
    let body = index
    while (body < tokens.length && tokens[body]!.text !== '{') body += 1
    const end = brackets.closing(body) + 1
    scopes.fill(++count, index, end)
    index = end - 1
  }
  return scopes
}

const isDeclaration = (tokens: readonly Token[], equals: number) => ['let', 'var', 'const', '>'].includes(tokens[equals - 2]?.text ?? '')
