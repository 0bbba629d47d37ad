/*
 * Hardhat measures lines and statements. A branch that is not there (an `if` without an `else`) has neither: here each branch gets a statement of its
 * own, on a line of its own, before anything is measured.
 */

interface AstNode {
  nodeType: string
  src: string
  trueBody?: AstNode
  falseBody?: AstNode | null
}

export interface Probed {
  source: string
  /** For each line of the new source that is a branch's, the line of its `if` in the old one. */
  branches: Map<number, { line: number; taken: boolean }>
}

interface Insertion {
  at: number
  text: string
}

/** The source with a probe in both branches of every `if`. `ast` is solc's of the source. */
export function probeBranches(source: string, ast: unknown): Probed {
  // solc counts bytes.
  const bytes = Buffer.from(source)
  const insertions: (Insertion & { depth: number })[] = []
  for (const node of ifStatements(ast)) {
    const depth = insertions.length
    const line = bytes.subarray(0, startOf(node)).toString().split('\n').length
    const made = around(node.trueBody!, `\n/*${line} true*/true;\n`)
    if (node.falseBody) made.push(...around(node.falseBody, `\n/*${line} false*/true;\n`))
    else made.push({ at: endOf(node, bytes), text: ` else {\n/*${line} false*/true;\n}` })
    insertions.push(...made.map((insertion) => ({ ...insertion, depth })))
  }
  return withProbes(bytes, insertions)
}

function withProbes(bytes: Buffer, insertions: (Insertion & { depth: number })[]): Probed {
  const parts: Buffer[] = []
  let from = 0
  // Of those at one place the inner comes first: it was found later. Sorting keeps the order of one statement's own.
  const ordered = insertions.toSorted((a, b) => a.at - b.at || b.depth - a.depth)
  for (const { at, text } of ordered) {
    parts.push(bytes.subarray(from, at), Buffer.from(text))
    from = at
  }
  const source = Buffer.concat([...parts, bytes.subarray(from)]).toString()
  const branches = new Map<number, { line: number; taken: boolean }>()
  for (const [index, text] of source.split('\n').entries()) {
    const probe = /^\/\*(\d+) (true|false)\*\/true;$/.exec(text)
    if (probe !== null) branches.set(index + 1, { line: Number(probe[1]), taken: probe[2] === 'true' })
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

function* ifStatements(value: unknown): Generator<AstNode> {
  if (typeof value !== 'object' || value === null) return
  if ((value as AstNode).nodeType === 'IfStatement') yield value as AstNode
  for (const child of Object.values(value)) yield* ifStatements(child)
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
