import type { CID } from 'multiformats/cid'
import { abortable } from '../abortable.ts'
import type { PeerId } from '../ports.ts'
import type { Want } from './bulk/order.ts'
import { keyOf, withoutAsking } from './cid.ts'
import type { DownloadComponents, Experience } from './download.ts'
import { download, noteFailure } from './download.ts'
import type { Claim, Inflight } from './inflight.ts'
import { createIntake, type IntakeInit } from './intake.ts'
import { prefetchTree } from './prefetch.ts'
import type { BlockStore } from './store.ts'

export interface SessionComponents extends DownloadComponents {
  store: BlockStore
  inflight: Inflight
}

export interface SessionInit extends IntakeInit {
  providers: readonly PeerId[]
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
  const { root, hold, providers, signal } = init
  const experience: Experience = { failed: new Set(), wrong: new Map() }
  const intake = createIntake(store, init)

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
      await intake.take(wanted.cid, bytes, claim)
    }
    const wants = mine.map((slot) => slot.wanted)
    await download(components, wants, { providers, experience, signal, accept })
  }

  /** Waits for the fetch of another; gives the slot back where that failed. */
  async function joinOther(slot: Slot): Promise<Slot | undefined> {
    try {
      const arrival = await abortable(inflight.of(slot.wanted.cid) ?? Promise.reject(new Error('gone')), signal)
      intake.track(arrival.stored)
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

  function prefetch(): void {
    const [peer] = providers
    if (peer === undefined) return
    prefetchTree({ ...components, intake }, peer, root, signal).catch((error) => {
      if (!signal.aborted) noteFailure(components, experience, peer, error)
    })
  }

  function sizeOf(cid: CID): Promise<number | undefined> {
    hold.add(cid)
    return store.sizeOf(cid)
  }

  return { want, prefetch, stored: intake.stored, sizeOf }
}
