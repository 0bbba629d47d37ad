import type { CID } from 'multiformats/cid'
import type { Logger } from '../log.ts'
import type { Cid } from '../ports.ts'
import { isRaw, keyOf, parseCid, withoutAsking } from './cid.ts'
import { decodeNode } from './dag.ts'
import type { Holds } from './holds.ts'
import { MAX_DEPTH } from './limits.ts'
import type { BlockStore } from './store.ts'

/**
 * Deletes every block that neither hangs below one of `roots` nor was in use since the call began; gives the bytes freed.
 * Memory: about 100 bytes a kept block.
 */
export async function collectGarbage(
  { store, holds, logger }: { store: BlockStore; holds: Holds; logger: Logger },
  roots: () => Promise<Cid[]>,
  signal?: AbortSignal,
): Promise<{ freedBytes: number }> {
  const watch = holds.watch()
  try {
    const kept = new Set<string>()
    for (const root of await roots()) await markBelow(store, parseCid(root), kept, logger, signal)
    let freedBytes = 0
    for await (const { cid } of store.list()) {
      signal?.throwIfAborted()
      if (!kept.has(keyOf(cid))) freedBytes += await store.deleteUnless(cid, () => watch.wasHeld(cid))
    }
    return { freedBytes }
  } finally {
    watch.end()
  }
}

/** A node that is gone or damaged keeps nothing below it; its file will be fetched again, and its leaves with it. */
async function markBelow(store: BlockStore, root: CID, kept: Set<string>, logger: Logger, signal?: AbortSignal): Promise<void> {
  const seen = new Set<string>()
  const open = [{ cid: root, depth: 0 }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    signal?.throwIfAborted()
    const { cid, depth } = next
    kept.add(keyOf(cid))
    if (isRaw(cid) || depth >= MAX_DEPTH || seen.has(keyOf(cid))) continue
    seen.add(keyOf(cid))
    for (const child of await childrenOf(store, cid, root, logger)) open.push({ cid: child, depth: depth + 1 })
  }
}

async function childrenOf(store: BlockStore, cid: CID, root: CID, logger: Logger): Promise<CID[]> {
  try {
    const bytes = withoutAsking(cid) ?? (await store.get(cid))
    if (bytes !== undefined) return decodeNode(cid, bytes).children.map((child) => child.cid)
    logger.warn('a pinned file is incomplete', { root: root.toString(), missing: cid.toString() })
  } catch (error) {
    logger.warn('a pinned file cannot be walked', { root: root.toString(), at: cid.toString(), error })
  }
  return []
}

/** True where every node and leaf of the file lies here. Leaves are not read. */
export async function isComplete(store: BlockStore, root: CID): Promise<boolean> {
  const seen = new Set<string>()
  const open = [root]
  for (let cid = open.pop(); cid !== undefined; cid = open.pop()) {
    if (withoutAsking(cid) !== undefined && isRaw(cid)) continue
    if (isRaw(cid)) {
      if ((await store.sizeOf(cid)) === undefined) return false
      continue
    }
    if (seen.has(keyOf(cid))) continue
    seen.add(keyOf(cid))
    const bytes = withoutAsking(cid) ?? (await store.get(cid))
    if (bytes === undefined) return false
    open.push(
      ...decodeNode(cid, bytes)
        .children.filter((child) => child.sizeBytes > 0)
        .map((child) => child.cid),
    )
  }
  return true
}
