import type { CID } from 'multiformats/cid'
import type { Want } from './bulk/order.ts'
import { wantedBytes } from './bulk/order.ts'
import { isRaw } from './cid.ts'
import type { DagChild, DagNode } from './dag.ts'
import { decodeNode } from './dag.ts'
import { FileTooLargeError, MalformedDagError, OutOfRangeError } from './errors.ts'
import { FREE_VISITS, MAX_BLOCK_BYTES, MAX_DEPTH, MIN_AVERAGE_LEAF_BYTES, WINDOW } from './limits.ts'
import type { Session } from './session.ts'

/** Bytes [start, end) of a file. */
export interface Range {
  start: number
  end: number
}

export interface Walk {
  root: CID
  session: Pick<Session, 'want' | 'sizeOf'>
  /** Takes the file's bytes in order; `at` is their place in the file. They may reach over the range by less than a leaf. */
  emit: (at: number, bytes: Uint8Array) => void
  /** Leaves that lie here already are not read: `skip` hears of their size instead. */
  skip?: (bytes: number) => void
}

/** The root node of the file. Throws MalformedDagError, and what the session throws. */
export async function readRoot({ root, session }: Pick<Walk, 'root' | 'session'>): Promise<DagNode> {
  const [bytes] = session.want([{ cid: root, maxBytes: MAX_BLOCK_BYTES }])
  return decodeNode(root, await bytes!)
}

/** The range that the caller means. Throws OutOfRangeError, FileTooLargeError where it has more than `maxBytes`. */
export function rangeOf(root: CID, sizeBytes: number, wanted: { offset?: number; length?: number }, maxBytes: number): Range {
  const { offset = 0, length } = wanted
  const end = length === undefined ? sizeBytes : offset + length
  const isInside = Number.isSafeInteger(offset) && offset >= 0 && Number.isSafeInteger(end) && end >= offset && end <= sizeBytes
  if (!isInside) throw new OutOfRangeError(root.toString(), { offset, length }, sizeBytes)
  if (end - offset > maxBytes) throw new FileTooLargeError(root.toString(), end - offset, maxBytes)
  return { start: offset, end }
}

/**
 * Walks the nodes and leaves that cover `range`, in order, and emits their bytes. A child that is not as large as its parent declares,
 * a DAG too deep, or one with far more nodes than bytes throws MalformedDagError: sizes of strangers lie.
 */
export async function walk(options: Walk, node: DagNode, range: Range): Promise<void> {
  const { root, session, emit, skip } = options
  let visitsLeft = FREE_VISITS + Math.ceil((range.end - range.start) / MIN_AVERAGE_LEAF_BYTES)

  async function visit(node: DagNode, at: number, depth: number): Promise<void> {
    if (node.data.length > 0) emit(at, node.data)
    if (node.children.length === 0) return
    if (depth >= MAX_DEPTH) throw new MalformedDagError(root.toString(), `it is deeper than ${MAX_DEPTH} nodes`)
    const placed = await absent(covering(node, at, range))
    for await (const [child, bytes] of inWindows(session, placed, () => visitsLeft--)) {
      if (visitsLeft < 0) throw new MalformedDagError(root.toString(), 'it has far more nodes than bytes')
      const below = decodeNode(child.cid, bytes)
      if (below.sizeBytes !== child.sizeBytes) refuseSize(child, below.sizeBytes)
      await visit(below, child.at, depth + 1)
    }
  }

  /** Without the leaves that are here already, where the caller needs no bytes. */
  async function absent(placed: Placed[]): Promise<Placed[]> {
    if (skip === undefined) return placed
    const sizes = await Promise.all(placed.map((child) => (isRaw(child.cid) ? session.sizeOf(child.cid) : undefined)))
    return placed.filter((child, index) => {
      if (sizes[index] === undefined) return true
      if (sizes[index] !== child.sizeBytes) refuseSize(child, sizes[index])
      skip(child.sizeBytes)
      return false
    })
  }

  await visit(node, 0, 0)
}

function refuseSize(child: DagChild, sizeBytes: number): never {
  throw new MalformedDagError(child.cid.toString(), `its parent declares ${child.sizeBytes} bytes and it has ${sizeBytes}`)
}

interface Placed extends DagChild {
  /** Where the child's bytes begin in the file. */
  at: number
}

/** The children that share at least a byte with the range. */
function covering(node: DagNode, at: number, { start, end }: Range): Placed[] {
  const placed: Placed[] = []
  let next = at + node.data.length
  for (const child of node.children) {
    if (child.sizeBytes > 0 && next < end && next + child.sizeBytes > start) placed.push({ ...child, at: next })
    next += child.sizeBytes
  }
  return placed
}

/** The children's bytes in order. While one window is taken, the next is on its way. */
async function* inWindows(
  session: Pick<Session, 'want'>,
  children: readonly Placed[],
  onVisit: () => void,
): AsyncGenerator<[Placed, Uint8Array]> {
  const wants = (from: number): Want[] =>
    children.slice(from, from + WINDOW).map(({ cid, sizeBytes }) => ({ cid, maxBytes: wantedBytes(cid, sizeBytes) }))
  let window = session.want(wants(0))
  for (let from = 0; from < children.length; from += WINDOW) {
    const following = session.want(wants(from + WINDOW))
    for (const [index, bytes] of window.entries()) {
      onVisit()
      yield [children[from + index]!, await bytes]
    }
    window = following
  }
}
