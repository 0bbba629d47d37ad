import type { z } from 'zod'
import { commitRecord, type JobRecord, MAX_ATTEMPTS, nonceRecord, revealRecord } from '../job/records.ts'
import { MAX_BLOCKS, MAX_MACRO_JOBS, MAX_MICRO_JOBS } from '../job/slicing.ts'

/*
 * The records that a log has most of, read straight from their canonical bytes: a newcomer checks a hundred thousand of them, and the way by the
 * decoder and the schema costs ten times as much. What is not read here is no lie yet: those two decide, and say what is wrong.
 */

/** A value, or undefined for anything that is left to the decoder and the schema. */
type Read<T> = (cursor: Cursor) => T | undefined

interface Cursor {
  readonly bytes: Uint8Array
  at: number
}

const HASH_BYTES = 32
const FALSE = 0xf4
const TRUE = 0xf5
const NULL = 0xf6
const HEAD = { uint: 0x00, bytes: 0x40, text: 0x60, array: 0x80, map: 0xa0 } as const

/** The number in a head of the major type `base`; the shortest form only, and none above 65,535. */
function argument(cursor: Cursor, base: number): number | undefined {
  const { bytes, at } = cursor
  const info = (bytes[at] as number) - base
  if (!(info >= 0 && info <= 25)) return undefined
  cursor.at = at + (info < 24 ? 1 : info - 22)
  if (cursor.at > bytes.length) return undefined
  if (info < 24) return info
  const value = info === 24 ? (bytes[at + 1] as number) : (bytes[at + 1] as number) * 256 + (bytes[at + 2] as number)
  return value < (info === 24 ? 24 : 256) ? undefined : value
}

function uint(max: number): Read<number> {
  return (cursor) => {
    const value = argument(cursor, HEAD.uint)
    return value === undefined || value > max ? undefined : value
  }
}

const hash: Read<Uint8Array> = (cursor) => {
  if (argument(cursor, HEAD.bytes) !== HASH_BYTES || cursor.at + HASH_BYTES > cursor.bytes.length) return undefined
  const copy = new Uint8Array(HASH_BYTES)
  for (let i = 0; i < HASH_BYTES; i++) copy[i] = cursor.bytes[cursor.at + i] as number
  cursor.at += HASH_BYTES
  return copy
}

const boolean: Read<boolean> = (cursor) => {
  const byte = cursor.bytes[cursor.at++]
  return byte === TRUE ? true : byte === FALSE ? false : undefined
}

function nullOr<T>(read: Read<T>): Read<T | null> {
  return (cursor) => {
    if (cursor.bytes[cursor.at] !== NULL) return read(cursor)
    cursor.at++
    return null
  }
}

/** Text of ASCII only; so its bytes are its characters. */
function text(min: number, max: number, fits: (value: string) => boolean = () => true): Read<string> {
  return (cursor) => {
    const length = argument(cursor, HEAD.text)
    if (length === undefined || length < min || length > max || cursor.at + length > cursor.bytes.length) return undefined
    const part = cursor.bytes.subarray(cursor.at, cursor.at + length)
    for (let i = 0; i < length; i++) if ((part[i] as number) >= 0x80) return undefined
    cursor.at += length
    const value = String.fromCharCode.apply(undefined, part as unknown as number[])
    return fits(value) ? value : undefined
  }
}

function list<T>(read: Read<T>, min: number, max: number): Read<T[]> {
  return (cursor) => {
    const length = argument(cursor, HEAD.array)
    if (length === undefined || length < min || length > max) return undefined
    const items: T[] = []
    for (let i = 0; i < length; i++) {
      const item = read(cursor)
      if (item === undefined) return undefined
      items.push(item)
    }
    return items
  }
}

/** In the canonical order of names; `key` is the name with its head. */
type Shape = readonly { name: string; key: Uint8Array; read: Read<unknown> }[]

const utf8 = new TextEncoder()
const headed = (name: string): Uint8Array => Uint8Array.of(HEAD.text + name.length, ...utf8.encode(name))

/** By length, then by bytes: the names are ASCII and shorter than 24. */
const canonically = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : 1)

/** A record of `kind` with these fields and no optional one. One whose schema has got others since is left to the schema. */
function shape(kind: JobRecord['kind'], schema: { shape: Record<string, z.ZodType> }, reads: Record<string, Read<unknown>>): Shape[] {
  const all: Record<string, Read<unknown>> = { kind: text(kind.length, kind.length, (value) => value === kind), ...reads }
  const names = Object.keys(all).sort(canonically)
  const needed = Object.keys(schema.shape).filter((name) => !schema.shape[name]?.safeParse(undefined).success)
  if (needed.sort(canonically).join() !== names.join()) return []
  return [names.map((name) => ({ name, key: headed(name), read: all[name]! }))]
}

const macro = uint(MAX_MACRO_JOBS - 1)
const micro = uint(MAX_MICRO_JOBS)
const attempt = uint(MAX_ATTEMPTS - 1)
const isWallet = (value: string): boolean => /^0x[0-9a-fA-F]{40}$/.test(value)

const SHAPES: readonly Shape[] = [
  ...shape('commit', commitRecord, { macro, micro, attempt, commit: hash, chainHead: hash, challenge: nullOr(hash) }),
  ...shape('reveal', revealRecord, {
    macro,
    micro,
    attempt,
    blockHashes: list(hash, 1, Math.max(MAX_BLOCKS, MAX_MICRO_JOBS)),
    salt: hash,
    cid: text(20, 128),
    verdicts: nullOr(list(boolean, 0, MAX_MICRO_JOBS)),
    wallet: text(42, 42, isWallet),
    checksum: hash,
  }),
  ...shape('nonce', nonceRecord, { chunk: macro, attempt, root: hash, nonce: hash }),
]

/** The record in `bytes` where it is of a frequent kind and good; undefined for all else, the good among it included. */
export function readHotRecord(bytes: Uint8Array): JobRecord | undefined {
  for (const fields of SHAPES) {
    if (bytes[0] !== HEAD.map + fields.length) continue
    const record = readFields({ bytes, at: 1 }, fields)
    if (record !== undefined) return record as unknown as JobRecord
  }
  return undefined
}

function readFields(cursor: Cursor, fields: Shape): Record<string, unknown> | undefined {
  const record: Record<string, unknown> = {}
  for (const { name, key, read } of fields) {
    for (let i = 0; i < key.length; i++) if (cursor.bytes[cursor.at + i] !== key[i]) return undefined
    cursor.at += key.length
    const value = read(cursor)
    if (value === undefined) return undefined
    record[name] = value
  }
  return cursor.at === cursor.bytes.length ? record : undefined
}
