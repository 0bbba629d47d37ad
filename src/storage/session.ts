import type { CID } from 'multiformats/cid'
import type { PeerId } from '../ports.ts'
import { abortable } from './abortable.ts'
import type { Want } from './bulk/order.ts'
import { keyOf, withoutAsking } from './cid.ts'
import type { DownloadComponents, Experience } from './download.ts'
import { download, noteFailure } from './download.ts'
import { FileTooLargeError } from './errors.ts'
import type { Hold } from './holds.ts'
import type { Claim, Inflight } from './inflight.ts'
import { MAX_BLOCK_BYTES } from './limits.ts'
import type { BlockStore } from './store.ts'

/** Inner nodes come on top of a file's own bytes: 64 bytes a leaf and a few small nodes; this is ample for both. */
const NODE_SHARE = 1.02
const NODE_BYTES = 2 * MAX_BLOCK_BYTES
/** Writes of blocks that may be under way before the next block is taken from the stream. */
const MAX_PENDING_WRITES = 8

export interface SessionComponents extends DownloadComponents {
  store: BlockStore
  inflight: Inflight
}

export interface SessionInit {
  root: CID
  hold: Hold
  providers: readonly PeerId[]
  maxBytes: number
  signal: AbortSignal
}

/** One operation's way to blocks: from the store, from a fetch of somebody else that is under way, or from the network. */
export interface Session {
  /** One promise a want, in order; they settle one by one as the blocks come. */
  want(wants: readonly Want[]): Promise<Uint8Array>[]
  /** The size of a block that lies here; undefined where it does not. */
  sizeOf(cid: CID): Promise<number | undefined>
  /** Starts to bring the file's first blocks in one request. Whatever goes wrong there is left to `want`. */
  prefetch(): void
  /** Resolves when all blocks of this session lie in the store. Throws DiskFullError, StoreFailedError. */
  stored(): Promise<void>
}

interface Slot extends PromiseWithResolvers<Uint8Array> {
  wanted: Want
}

export function createSession(components: SessionComponents, init: SessionInit): Session {
  const { store, inflight } = components
  const { root, hold, providers, maxBytes, signal } = init
  const experience: Experience = { failed: new Set(), wrong: new Map() }
  const writes = new Set<Promise<void>>()
  let writeFailure: unknown
  let receivedBytes = 0

  function track(stored: Promise<void>): Promise<void> {
    const write = stored.then(
      () => void writes.delete(write),
      (error) => {
        writeFailure ??= error
        writes.delete(write)
      },
    )
    writes.add(write)
    return stored
  }

  /** Hands a checked block to its claim and to the store; waits while too many writes are under way. */
  async function take(wanted: Want, bytes: Uint8Array, claim: Claim | undefined): Promise<void> {
    receivedBytes += bytes.length
    if (receivedBytes > maxBytes * NODE_SHARE + NODE_BYTES) throw new FileTooLargeError(root.toString(), receivedBytes, maxBytes)
    hold.add(wanted.cid)
    claim?.arrive({ bytes, stored: track(store.put(wanted.cid, bytes)) })
    while (writes.size >= MAX_PENDING_WRITES) await Promise.race(writes)
  }

  async function bring(slots: readonly Slot[]): Promise<void> {
    const claims = new Map<string, Claim>()
    const mine = slots.filter((slot) => {
      const claim = inflight.claim(slot.wanted.cid)
      if (claim) claims.set(keyOf(slot.wanted.cid), claim)
      return claim !== undefined
    })
    const others = Promise.all(slots.filter((slot) => !mine.includes(slot)).map(joinOther))
    try {
      if (mine.length > 0) await bringMine(mine, claims)
    } catch (error) {
      for (const claim of claims.values()) claim.fail(error)
      throw error
    }
    const left = (await others).filter((slot) => slot !== undefined)
    signal.throwIfAborted()
    if (left.length > 0) await fill(left)
  }

  async function bringMine(mine: readonly Slot[], claims: Map<string, Claim>): Promise<void> {
    const slots = new Map(mine.map((slot) => [keyOf(slot.wanted.cid), slot]))
    const accept = async (wanted: Want, bytes: Uint8Array): Promise<void> => {
      const key = keyOf(wanted.cid)
      const claim = claims.get(key)
      claims.delete(key)
      slots.get(key)?.resolve(bytes)
      await take(wanted, bytes, claim)
    }
    const wants = mine.map((slot) => slot.wanted)
    await download(components, wants, { providers, experience, signal, accept })
  }

  /** Waits for the fetch of another; gives the slot back where that failed. */
  async function joinOther(slot: Slot): Promise<Slot | undefined> {
    try {
      const arrival = await abortable(inflight.of(slot.wanted.cid) ?? Promise.reject(new Error('gone')), signal)
      track(arrival.stored)
      hold.add(slot.wanted.cid)
      slot.resolve(arrival.bytes)
      return undefined
    } catch {
      return slot
    }
  }

  async function fill(slots: readonly Slot[]): Promise<void> {
    const missing: Slot[] = []
    await Promise.all(
      slots.map(async (slot) => {
        hold.add(slot.wanted.cid)
        // What somebody is bringing need not be looked for here.
        const isComing = inflight.of(slot.wanted.cid) !== undefined
        const local = withoutAsking(slot.wanted.cid) ?? (isComing ? undefined : await store.get(slot.wanted.cid))
        if (local === undefined) missing.push(slot)
        else slot.resolve(local)
      }),
    )
    signal.throwIfAborted()
    if (missing.length > 0) await bring(missing)
  }

  function want(wants: readonly Want[]): Promise<Uint8Array>[] {
    const slots = wants.map((wanted) => ({ wanted, ...Promise.withResolvers<Uint8Array>() }))
    for (const slot of slots) slot.promise.catch(() => {}) // a reader that failed elsewhere never looks
    fill(slots).catch((error) => {
      for (const slot of slots) slot.reject(error)
    })
    return slots.map((slot) => slot.promise)
  }

  async function bringTree(peer: PeerId): Promise<void> {
    const claims = new Map<string, Claim>()
    const promise = (cid: CID): void => {
      const claim = inflight.claim(cid)
      if (claim) claims.set(keyOf(cid), claim)
    }
    promise(root)
    try {
      if (!components.bulk || !claims.has(keyOf(root))) return
      for await (const { want: wanted, bytes, found } of components.bulk.tree(peer, root, signal)) {
        for (const { cid } of found) promise(cid)
        const key = keyOf(wanted.cid)
        const claim = claims.get(key)
        claims.delete(key)
        if (bytes === undefined) claim?.fail(new Error('not there'))
        else await take(wanted, bytes, claim)
      }
    } finally {
      for (const claim of claims.values()) claim.fail(new Error('not sent'))
    }
  }

  function prefetch(): void {
    const [peer] = providers
    if (peer === undefined) return
    bringTree(peer).catch((error) => {
      if (!signal.aborted) noteFailure(components, experience, peer, error)
    })
  }

  async function stored(): Promise<void> {
    while (writes.size > 0) await Promise.all(writes)
    if (writeFailure !== undefined) throw writeFailure
  }

  function sizeOf(cid: CID): Promise<number | undefined> {
    hold.add(cid)
    return store.sizeOf(cid)
  }

  return { want, prefetch, stored, sizeOf }
}
