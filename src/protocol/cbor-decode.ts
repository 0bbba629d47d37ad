import { CodecError } from './wire-errors.ts'

/*
 * The value of bytes that `scanCbor` has let pass: so lengths are true, nesting is bounded, and only the few kinds of item occur that messages have.
 * What is left to check while reading is that every item has its one canonical spelling; so nothing need be encoded again to compare it.
 */

const MAJOR = { uint: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5 } as const
const FALSE = 0xf4
const TRUE = 0xf5
const NULL = 0xf6
const TWO_TO_32 = 2 ** 32
/** Below this a loop is faster than a decoder's call; keys and kinds of messages are all shorter. */
const SHORT_TEXT = 24

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Throws CodecError where an item is not canonical. */
export function decodeScanned(bytes: Uint8Array): unknown {
  return new Reader(bytes).item()
}

class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  item(): unknown {
    const first = this.#bytes[this.#at++] as number
    const major = first >> 5
    if (major > MAJOR.map) return this.#simple(first)
    const argument = this.#argument(first & 31)
    if (major === MAJOR.uint) return argument
    if (major === MAJOR.negative) return negative(argument)
    const length = Number(argument)
    if (major === MAJOR.text) return this.#text(length)
    if (major === MAJOR.bytes) return this.#copy(length)
    return major === MAJOR.array ? this.#array(length) : this.#map(length)
  }

  #simple(first: number): unknown {
    if (first === FALSE || first === TRUE) return first === TRUE
    if (first === NULL) return null
    const { buffer, byteOffset } = this.#bytes
    const value = new DataView(buffer, byteOffset).getFloat64(this.#at)
    this.#at += 8
    // An integer's canonical spelling is the integer's.
    if (Number.isSafeInteger(value)) throw this.#notCanonical()
    return value
  }

  /** The shortest head that holds the number is the canonical one. */
  #argument(info: number): number | bigint {
    if (info < 24) return info
    const size = 1 << (info - 24)
    const high = size === 8 ? this.#uint(4) : 0
    const low = this.#uint(size === 8 ? 4 : size)
    const isShort = size === 8 ? high === 0 : low < (size === 1 ? 24 : 2 ** (size * 4))
    if (isShort) throw this.#notCanonical()
    const value = high * TWO_TO_32 + low
    return Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(low)
  }

  #uint(size: number): number {
    let value = 0
    for (const end = this.#at + size; this.#at < end; this.#at++) value = value * 256 + (this.#bytes[this.#at] as number)
    return value
  }

  #copy(length: number): Uint8Array {
    const copy = new Uint8Array(length)
    copy.set(this.#bytes.subarray(this.#at, this.#at + length))
    this.#at += length
    return copy
  }

  #text(length: number): string {
    const start = this.#at
    this.#at += length
    if (length <= SHORT_TEXT) {
      let text = ''
      let at = start
      for (; at < this.#at && (this.#bytes[at] as number) < 0x80; at++) text += String.fromCharCode(this.#bytes[at] as number)
      if (at === this.#at) return text
    }
    try {
      return utf8.decode(this.#bytes.subarray(start, this.#at))
    } catch (error) {
      throw new CodecError('not-canonical', 'value', error)
    }
  }

  #array(length: number): unknown[] {
    const items: unknown[] = []
    for (let i = 0; i < length; i++) items.push(this.item())
    return items
  }

  #map(length: number): Record<string, unknown> {
    const map: Record<string, unknown> = {}
    let before = { start: 0, length: -1 }
    for (let i = 0; i < length; i++) {
      const keyLength = Number(this.#argument((this.#bytes[this.#at++] as number) & 31))
      const key = { start: this.#at, length: keyLength }
      const name = this.#text(keyLength)
      if (!this.#isBehind(before, key)) throw this.#notCanonical()
      before = key
      map[name] = this.item()
    }
    return map
  }

  /** Keys stand by length and then by bytes, so none comes twice. */
  #isBehind(before: { start: number; length: number }, key: { start: number; length: number }): boolean {
    if (before.length !== key.length) return before.length < key.length
    for (let i = 0; i < key.length; i++) {
      const [a, b] = [this.#bytes[before.start + i] as number, this.#bytes[key.start + i] as number]
      if (a !== b) return a < b
    }
    return false
  }

  #notCanonical(): CodecError {
    return new CodecError('not-canonical', `byte ${this.#at}`)
  }
}

/** −1 − argument; −2⁵³ and below are no safe integers. */
function negative(argument: number | bigint): number | bigint {
  if (typeof argument === 'bigint') return -1n - argument
  const value = -1 - argument
  return Number.isSafeInteger(value) ? value : -1n - BigInt(argument)
}
