import { MAX_LINKS } from './limits.ts'

/** The part of a UnixFS `Data` message that a reader of files needs (specs.ipfs.tech/unixfs). */
export interface UnixFsData {
  /** 0 raw, 1 directory, 2 file, 3 metadata, 4 symlink, 5 sharded directory. */
  type: number
  data: Uint8Array
  /** The size that the message declares; undefined where it declares none. */
  fileSizeBytes: number | undefined
  /** The sizes of the files below each link, in order. */
  blockSizes: number[]
}

interface Cursor {
  bytes: Uint8Array
  at: number
}

/** Reads one varint of at most 53 bits. Throws RangeError on a longer or cut one. */
function readVarint(cursor: Cursor): number {
  let value = 0
  let scale = 1
  for (let i = 0; i < 8; i++) {
    const byte = cursor.bytes[cursor.at++]
    if (byte === undefined) throw new RangeError('a varint is cut off')
    value += (byte & 0x7f) * scale
    if (byte < 0x80) {
      if (value > Number.MAX_SAFE_INTEGER) break
      return value
    }
    scale *= 128
  }
  throw new RangeError('a varint is too large')
}

function readBytes(cursor: Cursor): Uint8Array {
  const length = readVarint(cursor)
  const start = cursor.at
  if (length > cursor.bytes.length - start) throw new RangeError('a field is cut off')
  cursor.at += length
  return cursor.bytes.subarray(start, cursor.at)
}

/** Reads the fields of a protobuf message in order: varints as numbers, the rest as bytes. Throws RangeError. */
export function* protobufFields(bytes: Uint8Array): Generator<{ field: number; value: number | Uint8Array }> {
  const cursor = { bytes, at: 0 }
  while (cursor.at < bytes.length) {
    const tag = readVarint(cursor)
    const field = Math.floor(tag / 8)
    const wire = tag % 8
    if (wire === 0) yield { field, value: readVarint(cursor) }
    else if (wire === 2) yield { field, value: readBytes(cursor) }
    else throw new RangeError(`wire type ${wire} is not used in these messages`)
  }
}

/** Decodes a UnixFS `Data` message. Throws RangeError where it is malformed or lists more than MAX_LINKS sizes. */
export function decodeUnixFsData(bytes: Uint8Array): UnixFsData {
  const result: UnixFsData = { type: -1, data: new Uint8Array(0), fileSizeBytes: undefined, blockSizes: [] }
  for (const { field, value } of protobufFields(bytes)) {
    if (field === 1 && typeof value === 'number') result.type = value
    else if (field === 2 && typeof value !== 'number') result.data = value
    else if (field === 3 && typeof value === 'number') result.fileSizeBytes = value
    else if (field === 4) addSizes(result.blockSizes, value)
  }
  return result
}

function addSizes(sizes: number[], value: number | Uint8Array): void {
  if (typeof value === 'number') sizes.push(value)
  else {
    const cursor = { bytes: value, at: 0 }
    while (cursor.at < value.length && sizes.length <= MAX_LINKS) sizes.push(readVarint(cursor))
  }
  if (sizes.length > MAX_LINKS) throw new RangeError(`more than ${MAX_LINKS} block sizes`)
}
