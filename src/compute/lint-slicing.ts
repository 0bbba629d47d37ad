import { P } from '../job/abi.ts'
import type { Diagnostic } from '../ports.ts'
import { finding, type Token } from './wgsl-tokens.ts'

/** Built-in values that count within one dispatch. */
const COUNTED = new Set(['global_invocation_id', 'workgroup_id'])
const FIRST = `P[${P.firstInvocation}]`
const FIRST_INDEX = new RegExp(`^${P.firstInvocation}u?$`)

type Statement = readonly Token[]

/**
 * How a block is cut into dispatches depends on the device's speed: a program that does not add the first index to an invocation's would, too. An error
 * where it is certainly not added, a warning where no statement is seen to do so.
 */
export function lintSlicing(tokens: readonly Token[]): Diagnostic[] {
  const sized = tokens.filter(({ text }) => text === 'num_workgroups')
  const counted = tokens.filter(({ text }) => COUNTED.has(text))
  const judged = counted.length === 0 ? undefined : judgeAdding(tokens)
  return [
    ...sized.map((token) => finding(token, 'error', '`num_workgroups` changes with the slicing of a block; use P[13]')),
    ...(judged === undefined
      ? []
      : counted.map((token) =>
          finding(token, judged.severity, `\`${token.text}\` counts within one dispatch of the block; ${judged.found}`),
        )),
  ]
}

function judgeAdding(tokens: readonly Token[]): { severity: 'error' | 'warning'; found: string } | undefined {
  const statements = statementsOf(tokens)
  const firstNames = namesThatCarry(statements, readsFirst, new Set())
  const indexNames = namesThatCarry(statements, () => false, countedNames(tokens))
  const withFirst = statements.filter((statement) => readsFirst(statement) || mentions(statement, firstNames))
  if (!withFirst.some(readsFirst)) return { severity: 'error', found: `add ${FIRST} (written so) for the index` }
  if (withFirst.some((statement) => adds(statement) && mentions(statement, indexNames))) return undefined
  // What is handed to a function, or added elsewhere, may still meet the index there.
  const mayMeet = withFirst.some((statement) => adds(statement) || statement.some(({ text }) => text === '('))
  if (!mayMeet) return { severity: 'error', found: `${FIRST} is read, and never added to it` }
  return { severity: 'warning', found: `no statement is seen to add ${FIRST} to it` }
}

function statementsOf(tokens: readonly Token[]): Statement[] {
  const statements: Token[][] = [[]]
  for (const token of tokens) {
    if (token.kind === 'sign' && (token.text === ';' || token.text === '{' || token.text === '}')) statements.push([])
    else statements.at(-1)!.push(token)
  }
  return statements
}

/** `P[12]`, written so. */
function readsFirst(statement: Statement): boolean {
  return statement.some(
    ({ text }, index) =>
      text === 'P' &&
      statement[index + 1]?.text === '[' &&
      FIRST_INDEX.test(statement[index + 2]?.text ?? '') &&
      statement[index + 3]?.text === ']',
  )
}

const mentions = (statement: Statement, names: ReadonlySet<string>) =>
  statement.some(({ kind, text }) => kind === 'name' && names.has(text))
const adds = (statement: Statement) => statement.some(({ text }) => text === '+' || text === '+=')

/** The names that parameters, or members of structures, give to what counts within a dispatch. */
function countedNames(tokens: readonly Token[]): Set<string> {
  return new Set(tokens.flatMap(({ text }, index) => (COUNTED.has(text) ? (tokens[index + 2]?.text ?? []) : [])))
}

/** Those, and the names that something with them in it is assigned to. Twice over the source, so that its length alone bounds the work. */
function namesThatCarry(statements: readonly Statement[], isSource: (statement: Statement) => boolean, names: Set<string>): Set<string> {
  for (const statement of [...statements, ...statements]) {
    const name = assignedIn(statement)
    if (name !== undefined && (isSource(statement) || mentions(statement, names))) names.add(name)
  }
  return names
}

const DECLARES = new Set(['let', 'var', 'const'])

/** The name that a statement declares, or the first one left of its `=`. */
function assignedIn(statement: Statement): string | undefined {
  const at = statement.findIndex(({ kind, text }) => kind === 'sign' && /^([-+*/%&|^]|<<|>>)?=$/.test(text))
  if (at < 0) return undefined
  const left = statement.slice(0, at)
  const declared = left.findLastIndex(({ text }) => DECLARES.has(text))
  const from =
    declared < 0
      ? 0
      : left[declared + 1]?.text === '<'
        ? left.findIndex(({ text }, index) => index > declared && text === '>')
        : declared + 1
  return left.slice(from).find(({ kind, text }) => kind === 'name' && text !== 'for')?.text
}
