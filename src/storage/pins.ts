import type { Cid } from '../ports.ts'

/** Names longer than this are no Job's id. */
const MAX_OWNER_LENGTH = 256

export interface PinOwner {
  owner: string
  roots: readonly { cid: Cid; bytes: number }[]
  /** When its last root was pinned, ms since 1970 by this machine's clock. */
  pinnedAtMs: number
  /** When it was marked finished; undefined while it is at work. */
  finishedAtMs: number | undefined
}

/** Which owner keeps which file. Durable before a call resolves, as far as the store behind it is. */
export interface Pins {
  add(owner: string, cid: Cid, bytes: number): Promise<void>
  finish(owner: string): Promise<void>
  release(owner: string): Promise<void>
  owners(): Promise<PinOwner[]>
  close(): Promise<void>
}

/** The ordered key-value store that pins need; level fits, and a Map does for clients. */
export interface KeyValueStore {
  put(key: string, value: string): Promise<void>
  delete(keys: readonly string[]): Promise<void>
  entries(prefix: string): AsyncIterable<[string, string]>
  close(): Promise<void>
}

const pinKey = (owner: string, cid: Cid): string => `pin/${encodeURIComponent(owner)}/${cid}`
const finishedKey = (owner: string): string => `finished/${encodeURIComponent(owner)}`

/** Pins in `store`. `wallClockMs` dates them: ages must outlive the process. @default Date.now */
export function createPins(store: KeyValueStore, { wallClockMs = Date.now }: { wallClockMs?: () => number } = {}): Pins {
  return {
    async add(owner, cid, bytes) {
      checkOwner(owner)
      await store.put(pinKey(owner, cid), JSON.stringify([bytes, wallClockMs()]))
    },
    async finish(owner) {
      checkOwner(owner)
      await store.put(finishedKey(owner), String(wallClockMs()))
    },
    async release(owner) {
      checkOwner(owner)
      const keys = [finishedKey(owner)]
      for await (const [key] of store.entries(pinKey(owner, ''))) keys.push(key)
      await store.delete(keys)
    },
    owners: () => readOwners(store),
    close: () => store.close(),
  }
}

function checkOwner(owner: string): void {
  if (owner.length === 0 || owner.length > MAX_OWNER_LENGTH || !owner.isWellFormed())
    throw new TypeError(`an owner has 1 to ${MAX_OWNER_LENGTH} characters`)
}

async function readOwners(store: KeyValueStore): Promise<PinOwner[]> {
  const owners = new Map<string, PinOwner & { roots: { cid: Cid; bytes: number }[] }>()
  for await (const [key, value] of store.entries('pin/')) {
    const [, name = '', cid = ''] = key.split('/')
    const owner = decodeURIComponent(name)
    const [bytes, atMs] = JSON.parse(value) as [number, number]
    const entry = owners.get(owner) ?? { owner, roots: [], pinnedAtMs: atMs, finishedAtMs: undefined }
    entry.roots.push({ cid, bytes })
    entry.pinnedAtMs = Math.max(entry.pinnedAtMs, atMs)
    owners.set(owner, entry)
  }
  for await (const [key, value] of store.entries('finished/')) {
    const entry = owners.get(decodeURIComponent(key.slice('finished/'.length)))
    if (entry) entry.finishedAtMs = Number(value)
  }
  return [...owners.values()]
}

/** A Map as a key-value store: for clients and tests. */
export function createMemoryKeyValueStore(): KeyValueStore {
  const map = new Map<string, string>()
  return {
    put: async (key, value) => void map.set(key, value),
    delete: async (keys) => keys.forEach((key) => void map.delete(key)),
    async *entries(prefix) {
      for (const entry of [...map]) if (entry[0].startsWith(prefix)) yield entry
    },
    close: async () => map.clear(),
  }
}
