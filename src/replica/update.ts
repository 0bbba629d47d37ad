import { ByteReader, ByteWriter } from './bytes.ts'
import { EnvelopeRefusedError } from './errors.ts'
import { MAX_ENVELOPE_ENTRIES, MAX_KEY_BYTES, MAX_VALUE_BYTES } from './limits.ts'

/**
 * The one form of a Yjs update (version 1) that a log may hold: Items of one client with contiguous clocks, each without origins, under the
 * root map, with a key and binary content; and an empty delete set. A stranger's update is read by this parser, never by Yjs, whose decoder
 * builds any type, parses JSON and allocates what a length field asks for. What passes here Yjs reads to exactly these entries.
 * Format: yjs/src/utils/encoding.js and lib0/encoding.js, frozen in test/vectors.
 */

/** The root map of a Job's document. */
export const ROOT = 'entries'

/** Content type 3 (binary) with bit 6: "has a key". No bit 7 or 8: no origins. */
const BINARY_WITH_KEY = 3 | 0x20
/** A string follows that names a root type. */
const PARENT_IS_ROOT = 1

export interface UpdateEntry {
  /** Without the author's suffix. */
  key: string
  value: Uint8Array
}

/** An entry with its key as it stands inside Yjs. */
export interface UpdateItem extends UpdateEntry {
  yjsKey: string
}

export interface LogUpdate<E extends UpdateEntry = UpdateEntry> {
  clientId: number
  /** Clock of the first entry; each entry takes one. */
  clock: number
  entries: E[]
}

/** The key as it stands inside Yjs: no two authors share one, so no author can overwrite another's value. */
export function yjsKey(key: string, author: string): string {
  return `${key}/${author}`
}

export function encodeUpdate({ clientId, clock, entries }: LogUpdate, author: string): Uint8Array {
  const size = entries.reduce((sum, { key, value }) => sum + key.length + value.length + author.length + ROOT.length + 12, 32)
  const writer = new ByteWriter(size).u8(1).varUint(entries.length).varUint(clientId).varUint(clock)
  for (const { key, value } of entries) {
    writer.u8(BINARY_WITH_KEY).u8(PARENT_IS_ROOT).varUint(ROOT.length).ascii(ROOT)
    writer
      .varUint(key.length + 1 + author.length)
      .ascii(key)
      .ascii('/')
      .ascii(author)
    writer.varBytes(value)
  }
  return writer.u8(0).done()
}

/** The entries as views into `bytes`. Throws EnvelopeRefusedError for anything but the form above with keys of `author`. */
export function decodeUpdate(bytes: Uint8Array, author: string): LogUpdate<UpdateItem> {
  const reader = new ByteReader(bytes)
  expect(reader.u8() === 1, 'an update of one client')
  const count = reader.varUint()
  expect(count > 0 && count <= MAX_ENVELOPE_ENTRIES, `1 to ${MAX_ENVELOPE_ENTRIES} entries`)
  const clientId = reader.varUint()
  const clock = reader.varUint()
  const entries: UpdateItem[] = []
  const seen = new Set<string>()
  const suffix = utf8.encode(`/${author}`)
  for (let i = 0; i < count; i++) {
    const entry = decodeEntry(reader, author, suffix)
    if (seen.has(entry.key)) throw new EnvelopeRefusedError('duplicate-key', entry.key)
    seen.add(entry.key)
    entries.push(entry)
  }
  expect(reader.u8() === 0, 'an empty delete set')
  reader.end()
  return { clientId, clock, entries }
}

const utf8 = new TextEncoder()
/** What stands after the first byte of an Item. */
const ROOT_AS_PARENT = Uint8Array.of(PARENT_IS_ROOT, ROOT.length, ...utf8.encode(ROOT))

function decodeEntry(reader: ByteReader, author: string, suffix: Uint8Array): UpdateItem {
  expect(reader.u8() === BINARY_WITH_KEY, 'an Item with a key and binary content, without origins')
  expect(reader.skip(ROOT_AS_PARENT), 'the root map as parent')
  const keyLength = reader.varUint() - suffix.length
  if (keyLength < 1 || keyLength > MAX_KEY_BYTES) throw new EnvelopeRefusedError('wrong-key', `expected 1 to ${MAX_KEY_BYTES} bytes`)
  const key = reader.ascii(keyLength)
  if (!reader.skip(suffix)) throw new EnvelopeRefusedError('wrong-key', 'expected the author as the last part')
  const value = reader.varBytes()
  expect(value.length <= MAX_VALUE_BYTES, `a value of at most ${MAX_VALUE_BYTES} bytes`)
  return { key, yjsKey: yjsKey(key, author), value }
}

function expect(holds: boolean, what: string): void {
  if (!holds) throw new EnvelopeRefusedError('malformed', `expected ${what}`)
}
