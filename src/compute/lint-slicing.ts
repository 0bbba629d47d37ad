import { P } from '../job/abi.ts'
import type { Diagnostic } from '../ports.ts'
import { FIRST_LENGTH, FIRST_NAME, isFirst } from './first-invocation.ts'
import { type Brackets, findEntryPoint, finding, type Token } from './wgsl-tokens.ts'

/** The built-in values that count within one dispatch. Those of one workgroup do not: a dispatch is whole workgroups. */
const GLOBAL = 'global_invocation_id'
const WORKGROUP = 'workgroup_id'
const KNOWN = new Set([GLOBAL, WORKGROUP, 'num_workgroups', 'local_invocation_id', 'local_invocation_index'])
const FIRST = `P[${P.firstInvocation}]`
/** Terms of a sum that are read in search of P[12]: it bounds the work on a hostile source. */
const MAX_TERMS = 8

/** What may stand before a sum, and behind it, that binds no tighter than `+`: the sum is then what it looks like. */
const OPENS = new Set(
  ['= ( [ , ; + += -= *= /= %= &= |= ^= <<= >>= < > <= >= == != && ||', 'return if while switch'].flatMap((words) => words.split(' ')),
)
const CLOSES = new Set('; ) ] , { + - < > <= >= == != && ||'.split(' '))

interface Declared {
  token: Token
  name: string
  type: string
  /** Of its attribute `@builtin(…)`. */
  builtin: string | undefined
}

/**
 * How a block is cut into dispatches depends on the device's speed, so a value that counts within a dispatch must never be seen by itself, and
 * neither may P[12]: only their sum is the same on every device. What cannot be followed is an error: it may have many answers.
 */
export function lintSlicing(tokens: readonly Token[], brackets: Brackets, workgroupSize: number): Diagnostic[] {
  const sized = tokens.filter(({ text }) => text === 'num_workgroups')
  const named = tokens.filter(({ text }) => text === FIRST_NAME)
  const bound = tokens.filter((_, index) => isForeignBinding(tokens, index))
  const reads = lintReads(tokens, brackets, workgroupSize)
  return [
    ...sized.map((token) => finding(token, 'error', '`num_workgroups` changes with the slicing of a block; use P[13]')),
    ...named.map((token) => finding(token, 'error', `\`${FIRST_NAME}\` is what ${FIRST} is to the compiler; use another name`)),
    ...bound.map((token) => finding(token, 'error', 'expected a binding of 0, 1 or 2, in a number')),
    ...reads,
  ]
}

/** The index of a dispatch's first invocation is bound too, for us alone. */
function isForeignBinding(tokens: readonly Token[], index: number): boolean {
  const isBinding = tokens[index]?.text === 'binding' && tokens[index - 1]?.text === '@'
  return isBinding && !(/^[012][iu]?$/.test(tokens[index + 2]?.text ?? '') && /^[,)]$/.test(tokens[index + 3]?.text ?? ''))
}

function lintReads(tokens: readonly Token[], brackets: Brackets, workgroupSize: number): Diagnostic[] {
  const main = findEntryPoint(tokens)
  if (main < 0) return []
  const close = brackets.closing(main + 2)
  const body = tokens.findIndex(({ text }, index) => index > close && text === '{')
  const { roots, findings } = readParameters(declarationsIn(tokens, main + 3, close), structuresOf(tokens, brackets))
  const claimed = new Set<number>()
  const end = body < 0 ? 0 : brackets.closing(body)
  for (let index = body; index < end; index++) {
    const token = tokens[index]
    const root = token?.kind === 'name' && tokens[index - 1]?.text !== '.' ? roots.get(token.text) : undefined
    if (root === undefined) continue
    const found =
      'builtin' in root
        ? judgeRead(tokens, index, index + 1, root, workgroupSize, claimed)
        : judgeMember(tokens, index, root, workgroupSize, claimed)
    if (found !== undefined) findings.push(finding(token!, 'error', found))
  }
  return [...findings, ...lintFirst(tokens, claimed)]
}

type Members = ReadonlyMap<string, Declared>

/** What the entry point's parameters are: a built-in value, or a structure of such. */
function readParameters(parameters: readonly Declared[], structures: ReadonlyMap<string, Members>) {
  const findings: Diagnostic[] = []
  const roots = new Map<string, Declared | Members>()
  for (const parameter of parameters) {
    const root = parameter.builtin === undefined ? structures.get(parameter.type) : parameter
    if (root !== undefined) roots.set(parameter.name, root)
    else {
      const message = `\`${parameter.name}\` cannot be followed; declare it as a built-in value, or by the name of its structure`
      findings.push(finding(parameter.token, 'error', message))
    }
  }
  const types = new Set(parameters.map(({ type }) => type))
  const members = [...structures].flatMap(([name, declared]) => (types.has(name) ? [...declared.values()] : []))
  for (const { builtin, token } of [...parameters, ...members]) {
    if (builtin === undefined || KNOWN.has(builtin)) continue
    findings.push(finding(token, 'error', `\`${builtin}\` is no built-in value that a block may read; use \`${GLOBAL}\``))
  }
  return { roots, findings }
}

/** P[12] where no value was seen to be added to it. */
function lintFirst(tokens: readonly Token[], claimed: ReadonlySet<number>): Diagnostic[] {
  const message = `\`${FIRST}\` changes with the slicing of a block: it may only be added to the index, as in \`id.x + ${FIRST}\`, in the entry point`
  return tokens.flatMap((token, index) => (isFirst(tokens, index) && !claimed.has(index) ? [finding(token, 'error', message)] : []))
}

/** What `tokens[from … to)` declares as `name: type`: parameters or members. */
function declarationsIn(tokens: readonly Token[], from: number, to: number): Declared[] {
  const found: Declared[] = []
  let builtin: string | undefined
  for (let index = from; index < to && index < tokens.length; index++) {
    const { text } = tokens[index]!
    if (text === 'builtin' && tokens[index - 1]?.text === '@') builtin = tokens[index + 2]?.text ?? ''
    if (text !== ':') continue
    const token = tokens[index - 1]!
    found.push({ token, name: token.text, type: tokens[index + 1]?.text ?? '', builtin })
    builtin = undefined
  }
  return found
}

function structuresOf(tokens: readonly Token[], brackets: Brackets): Map<string, Members> {
  const found = new Map<string, Members>()
  for (let index = 0; index < tokens.length; index++) {
    if (tokens[index]!.text !== 'struct') continue
    const end = brackets.closing(index + 2)
    const members = declarationsIn(tokens, index + 3, end)
    found.set(tokens[index + 1]?.text ?? '', new Map(members.map((member) => [member.name, member])))
    index = Math.max(index, end)
  }
  return found
}

/** A structure of built-in values is read member by member: a copy of it could not be told from one that the program made. */
function judgeMember(
  tokens: readonly Token[],
  start: number,
  members: Members,
  workgroupSize: number,
  claimed: Set<number>,
): string | undefined {
  const member = tokens[start + 1]?.text === '.' ? members.get(tokens[start + 2]?.text ?? '') : undefined
  if (member === undefined) return `\`${tokens[start]!.text}\` holds built-in values: read them one by one, where they are needed`
  return judgeRead(tokens, start, start + 3, member, workgroupSize, claimed)
}

/** What is wrong with the reading of a built-in value at `tokens[start … end)`. Notes the P[12] that belongs to it. */
function judgeRead(
  tokens: readonly Token[],
  start: number,
  end: number,
  { builtin }: Declared,
  workgroupSize: number,
  claimed: Set<number>,
): string | undefined {
  if (builtin !== GLOBAL && builtin !== WORKGROUP) return undefined
  const component = tokens[end]?.text === '.' ? tokens[end + 1]?.text : undefined
  // a block's dispatches are one-dimensional
  if (component === 'y' || component === 'z') return undefined
  const first = component === 'x' ? findFirst(tokens, start, end + 2, builtin, workgroupSize) : undefined
  if (first !== undefined && !claimed.has(first)) {
    claimed.add(first)
    return undefined
  }
  const path = tokens
    .slice(start, end)
    .map(({ text }) => text)
    .join('')
  const forms =
    builtin === GLOBAL
      ? `\`${path}.x + ${FIRST}\``
      : `\`${path}.x * ${workgroupSize}u + ${FIRST}\` or \`${path}.x + ${FIRST} / ${workgroupSize}u\``
  return `\`${builtin}\` counts within one dispatch of the block: write ${forms} wherever it is read`
}

/** Where the P[12] stands that is added to the value at `tokens[start … end)`, in the measure of that value. */
function findFirst(tokens: readonly Token[], start: number, end: number, builtin: string, workgroupSize: number): number | undefined {
  const isSize = (index: number) => new RegExp(`^${workgroupSize}u?$`).test(tokens[index]?.text ?? '')
  const text = (index: number) => tokens[index]?.text ?? ''
  if (builtin === GLOBAL) return findAdded(tokens, start, end, 0)
  if (text(end) === '*' && isSize(end + 1)) return findAdded(tokens, start, end + 2, 0)
  if (text(start - 1) === '*' && isSize(start - 2)) return findAdded(tokens, start - 2, end, 0)
  const first = findAdded(tokens, start, end, 2)
  if (first === undefined) return undefined
  return text(first + FIRST_LENGTH) === '/' && isSize(first + FIRST_LENGTH + 1) ? first : undefined
}

/** The P[12], with `more` tokens behind it that belong to its term, in the sum that has the term at `tokens[start … end)`. */
function findAdded(tokens: readonly Token[], start: number, end: number, more: number): number | undefined {
  const text = (index: number) => tokens[index]?.text ?? ''
  const length = FIRST_LENGTH + more
  const before = start - 1 - length
  if (text(start - 1) === '+' && isFirst(tokens, before)) return OPENS.has(text(before - 1)) && CLOSES.has(text(end)) ? before : undefined
  if (!OPENS.has(text(start - 1))) return undefined
  for (let at = end, terms = 0; text(at) === '+' && terms < MAX_TERMS; terms++) {
    if (isFirst(tokens, at + 1)) return CLOSES.has(text(at + 1 + length)) ? at + 1 : undefined
    at = endOfOperand(tokens, at + 1)
  }
  return undefined
}

/** Behind a number, or a name and its members. */
function endOfOperand(tokens: readonly Token[], start: number): number {
  let at = start + 1
  if (tokens[start]?.kind === 'name') while (tokens[at]?.text === '.' && at < start + MAX_TERMS) at += 2
  return at
}
