import type { CID } from 'multiformats/cid'
import { isRaw, keyOf, withoutAsking } from '../cid.ts'
import { decodeNode } from '../dag.ts'
import { MAX_BLOCK_BYTES, MAX_TREE_BLOCKS } from '../limits.ts'

export interface Want {
  cid: CID
  /** The most bytes that this block may have; a parent's link knows it exactly. */
  maxBytes: number
}

/** The order in which both ends of a bulk request take the blocks. */
export interface BlockOrder {
  /** The next block; undefined at the end. */
  next(): Want | undefined
  /** Tells the order what `next` gave last, so that it can go on below it; gives the blocks it found there. */
  arrived(cid: CID, bytes: Uint8Array): Want[]
}

export function listOrder(wants: readonly Want[]): BlockOrder {
  let at = 0
  return { next: () => wants[at++], arrived: () => [] }
}

/** Depth first, parents before children, each block once, at most MAX_TREE_BLOCKS blocks. What does not decode has no children. */
export function treeOrder(root: CID): BlockOrder {
  const open: Want[] = [{ cid: root, maxBytes: MAX_BLOCK_BYTES }]
  const seen = new Set([keyOf(root)])
  let given = 0
  return {
    next: () => (given++ < MAX_TREE_BLOCKS ? open.pop() : undefined),
    arrived(cid, bytes) {
      const found = childrenOf(cid, bytes).filter(({ cid: child }) => {
        const isNew = withoutAsking(child) === undefined && !seen.has(keyOf(child))
        seen.add(keyOf(child))
        return isNew
      })
      const soon = found.slice(0, MAX_TREE_BLOCKS - given)
      open.push(...soon.toReversed())
      return soon
    },
  }
}

function childrenOf(cid: CID, bytes: Uint8Array): Want[] {
  try {
    return decodeNode(cid, bytes).children.map((child) => ({ cid: child.cid, maxBytes: wantedBytes(child.cid, child.sizeBytes) }))
  } catch {
    return []
  }
}

/** A raw leaf has exactly the bytes that its parent declares; an inner node may have any size that a block may have. */
export const wantedBytes = (cid: CID, sizeBytes: number): number => (isRaw(cid) ? Math.min(sizeBytes, MAX_BLOCK_BYTES) : MAX_BLOCK_BYTES)
