/*
 * Hardhat measures lines and statements. A branch that is not there (an `if` without an `else`) has neither, nor has an operand of `&&` and `||`: here each
 * branch, and each outcome of a condition, gets a statement of its own, on a line of its own, before anything is measured.
 */

interface AstNode {
  nodeType: string
  src: string
  trueBody?: AstNode
  falseBody?: AstNode | null
  /** Of `if`, `? :` and loops; an endless `for` has none. */
  condition?: AstNode | null
  operator?: string
  leftExpression?: AstNode
  rightExpression?: AstNode
  /** Of parentheses. */
  components?: AstNode[]
}

/** One way that the code may go. */
export interface Branch {
  /** Of the `if`, or of the condition, in the old source. */
  line: number
  taken: boolean
  /** The condition's text; undefined where it is the whole `if`. */
  condition?: string | undefined
}

export interface Probed {
  source: string
  /** By the line of the new source that is the branch's. */
  branches: Map<number, Branch>
}

interface Insertion {
  at: number
  text: string
}

/**
 * The source with a probe in both branches of every `if`, and for both outcomes of every loop's condition, of every `? :` and of every operand of `&&` and
 * `||`. `ast` is solc's of the source.
 */
export function probeBranches(source: string, ast: unknown): Probed {
  // solc counts bytes.
  const bytes = Buffer.from(source)
  const probes: Branch[] = []
  const insertions: (Insertion & { depth: number })[] = []
  const probe = (branch: Branch) => `/*probe ${probes.push(branch) - 1}*/`
  const lineOf = (node: AstNode) => bytes.subarray(0, startOf(node)).toString().split('\n').length
  const insert = (made: Insertion[]) => insertions.push(...made.map((insertion) => ({ ...insertion, depth: insertions.length })))
  for (const node of nodesOf(ast)) {
    if (node.nodeType !== 'IfStatement') continue
    const line = lineOf(node)
    const made = around(node.trueBody!, `\n${probe({ line, taken: true })}true;\n`)
    const otherwise = `\n${probe({ line, taken: false })}true;\n`
    insert([...made, ...(node.falseBody ? around(node.falseBody, otherwise) : [{ at: endOf(node, bytes), text: ` else {${otherwise}}` }])])
  }
  const functions: string[] = []
  for (const node of conditionsOf(ast)) {
    const [start, end] = [startOf(node), startOf(node) + lengthOf(node)]
    const branch = { line: lineOf(node), condition: bytes.subarray(start, end).toString().replaceAll(/\s+/g, ' ') }
    const name = `probe${functions.length}`
    for (const taken of [true, false])
      functions.push(`function ${name}${taken}() pure returns (bool) {\n${probe({ ...branch, taken })}return ${taken};\n}\n`)
    insert([
      { at: start, text: '((' },
      { at: end, text: `) && ${name}true() || ${name}false())` },
    ])
  }
  insert([{ at: bytes.length, text: functions.join('') }])
  return withProbes(bytes, insertions, probes)
}

function withProbes(bytes: Buffer, insertions: (Insertion & { depth: number })[], probes: readonly Branch[]): Probed {
  const parts: Buffer[] = []
  let from = 0
  // Of those at one place the inner comes first: it was found later. Sorting keeps the order of one statement's own.
  const ordered = insertions.toSorted((a, b) => a.at - b.at || b.depth - a.depth)
  for (const { at, text } of ordered) {
    parts.push(bytes.subarray(from, at), Buffer.from(text))
    from = at
  }
  const source = Buffer.concat([...parts, bytes.subarray(from)]).toString()
  const branches = new Map<number, Branch>()
  for (const [index, text] of source.split('\n').entries()) {
    const probe = /^\/\*probe (\d+)\*\//.exec(text)
    if (probe !== null) branches.set(index + 1, probes[Number(probe[1])]!)
  }
  return { source, branches }
}

function around(body: AstNode, probe: string): Insertion[] {
  if (body.nodeType === 'Block') return [{ at: startOf(body) + 1, text: probe }]
  return [
    { at: startOf(body), text: `{${probe}` },
    { at: startOf(body) + lengthOf(body) + 1, text: '}' },
  ]
}

function* nodesOf(value: unknown): Generator<AstNode> {
  if (typeof value !== 'object' || value === null) return
  if ('nodeType' in value) yield value as AstNode
  for (const child of Object.values(value)) yield* nodesOf(child)
}

/** Both sides of each `&&` and `||`, and what loops and `? :` ask; of those that are such sides themselves, their sides. */
function* conditionsOf(ast: unknown): Generator<AstNode> {
  for (const node of nodesOf(ast)) {
    const asked = isLogical(node)
      ? [node.leftExpression, node.rightExpression]
      : /^(For|While|DoWhile)Statement$|^Conditional$/.test(node.nodeType)
        ? [node.condition]
        : []
    for (const condition of asked) if (condition && !isLogical(bare(condition))) yield condition
  }
}

function isLogical({ nodeType, operator }: AstNode): boolean {
  return nodeType === 'BinaryOperation' && (operator === '&&' || operator === '||')
}

/** Without parentheses. */
function bare(node: AstNode): AstNode {
  return node.nodeType === 'TupleExpression' && node.components?.length === 1 ? bare(node.components[0]!) : node
}

function startOf({ src }: AstNode): number {
  return Number(src.split(':')[0])
}

function lengthOf({ src }: AstNode): number {
  return Number(src.split(':')[1])
}

/** A statement's range leaves out its semicolon. */
function endOf(node: AstNode, bytes: Buffer): number {
  const end = startOf(node) + lengthOf(node)
  return bytes[end] === 0x3b ? end + 1 : end
}
