import { CodecError } from './wire-errors.ts'

const MAJOR = { uint: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5, tag: 6, simple: 7 } as const
const FALSE = 20
const NULL = 22
const FLOAT64 = 27
const PROTO = new TextEncoder().encode('__proto__')

export interface ScanLimits {
  maxDepth: number
  allowFloats: boolean
}

interface Head {
  major: number
  info: number
  /** The argument; Infinity stands for one above 2⁵³, which no length can be. */
  value: number
  /** Where the item's content begins. */
  next: number
}

/**
 * Walks one CBOR item without recursion and without building anything, so that nested bombs, tags, indefinite lengths, foreign map keys
 * and `__proto__` are refused before a decoder sees them. Throws CodecError. It checks neither the order of keys
 * nor the encoding of text: `decodeScanned` does, as it reads.
 */
export function scanCbor(bytes: Uint8Array, limits: ScanLimits): void {
  // Items still to come on each open level; a map counts its keys and values.
  const open: { left: number; map: boolean }[] = [{ left: 1, map: false }]
  let offset = 0
  for (let level = open.at(-1); level !== undefined; level = open.at(-1)) {
    if (level.left === 0) {
      open.pop()
      continue
    }
    const isKey = level.map && level.left % 2 === 0
    level.left--
    const head = readHead(bytes, offset)
    if (isKey && head.major !== MAJOR.text) throw new CodecError('unsupported', `key at byte ${offset}`)
    offset = scanItem(bytes, head, isKey, limits)
    if (head.major !== MAJOR.array && head.major !== MAJOR.map) continue
    const map = head.major === MAJOR.map
    if (open.length > limits.maxDepth) throw new CodecError('too-deep', `byte ${offset}`)
    const left = map ? head.value * 2 : head.value
    // Every item takes a byte: a longer claim is a lie.
    if (left > bytes.byteLength - offset) throw new CodecError('truncated', `byte ${offset}`)
    open.push({ left, map })
  }
  if (offset !== bytes.byteLength) throw new CodecError('not-canonical', `byte ${offset}`)
}

/** Gives the offset behind the item, or behind its head for arrays and maps. */
function scanItem(bytes: Uint8Array, head: Head, isKey: boolean, limits: ScanLimits): number {
  const { major, info, value, next } = head
  if (major === MAJOR.tag) throw new CodecError('unsupported', `tag at byte ${next}`)
  if (major === MAJOR.simple) {
    const known = (info >= FALSE && info <= NULL) || (info === FLOAT64 && limits.allowFloats && isFinite64(bytes, next - 8))
    if (!known) throw new CodecError('unsupported', `byte ${next}`)
    return next
  }
  if (major !== MAJOR.bytes && major !== MAJOR.text) return next
  if (value > bytes.byteLength - next) throw new CodecError('truncated', `byte ${next}`)
  if (isKey && isProto(bytes, next, value)) throw new CodecError('forbidden-key', `byte ${next}`)
  return next + value
}

function readHead(bytes: Uint8Array, offset: number): Head {
  const first = bytes[offset]
  if (first === undefined) throw new CodecError('truncated', `byte ${offset}`)
  const major = first >> 5
  const info = first & 31
  if (info < 24) return { major, info, value: info, next: offset + 1 }
  // 28–30 are reserved, 31 is an indefinite length.
  if (info > 27) throw new CodecError('unsupported', `byte ${offset}`)
  const size = 2 ** (info - 24)
  if (offset + 1 + size > bytes.byteLength) throw new CodecError('truncated', `byte ${offset}`)
  let value = 0
  for (let index = 1; index <= size; index++) value = value * 256 + (bytes[offset + index] as number)
  return { major, info, value: Number.isSafeInteger(value) ? value : Number.POSITIVE_INFINITY, next: offset + 1 + size }
}

/** NaN and the infinities have an exponent of ones only. */
function isFinite64(bytes: Uint8Array, offset: number): boolean {
  return ((bytes[offset] as number) & 0x7f) !== 0x7f || ((bytes[offset + 1] as number) & 0xf0) !== 0xf0
}

function isProto(bytes: Uint8Array, offset: number, length: number): boolean {
  return length === PROTO.length && PROTO.every((byte, index) => bytes[offset + index] === byte)
}
