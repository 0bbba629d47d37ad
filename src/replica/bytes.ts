import { EnvelopeRefusedError } from './errors.ts'

const TWO_32 = 2 ** 32

/** Reads a stranger's bytes; every method throws EnvelopeRefusedError('malformed') rather than read beyond the end. */
export class ByteReader {
  readonly #bytes: Uint8Array
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = plainBytes(bytes)
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset
  }

  u8(): number {
    const byte = this.#bytes[this.#offset]
    if (byte === undefined) throw malformed('it ends early')
    this.#offset++
    return byte
  }

  u32(): number {
    return ((this.u8() << 24) | (this.u8() << 16) | (this.u8() << 8) | this.u8()) >>> 0
  }

  /** Eight bytes, big-endian, at most 2⁵³ − 1. */
  u64(): number {
    const value = this.u32() * TWO_32 + this.u32()
    if (!Number.isSafeInteger(value)) throw malformed('an integer passes 2^53')
    return value
  }

  /** A little-endian base-128 integer (as Yjs writes it) in its shortest form only. */
  varUint(): number {
    let value = 0
    let scale = 1
    for (;;) {
      const byte = this.u8()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        if (!Number.isSafeInteger(value) || (byte === 0 && scale > 1)) throw malformed('an integer is not in its shortest form')
        return value
      }
      scale *= 128
      if (scale > Number.MAX_SAFE_INTEGER) throw malformed('an integer is too long')
    }
  }

  /** Whether the next bytes are these; they are then behind us. */
  skip(expected: Uint8Array): boolean {
    const start = this.#offset
    if (expected.length > this.remaining) throw malformed('it ends early')
    for (let i = 0; i < expected.length; i++) if (this.#bytes[start + i] !== expected[i]) return false
    this.#offset = start + expected.length
    return true
  }

  /** The next `length` bytes, not copied. */
  take(length: number): Uint8Array {
    if (length > this.remaining) throw malformed('it ends early')
    this.#offset += length
    return this.#bytes.subarray(this.#offset - length, this.#offset)
  }

  varBytes(): Uint8Array {
    return this.take(this.varUint())
  }

  /** Printable ASCII without the space: ids and keys. */
  ascii(length: number): string {
    return asciiText(this.take(length))
  }

  rest(): Uint8Array {
    return this.take(this.remaining)
  }

  end(): void {
    if (this.remaining > 0) throw malformed('bytes follow its end')
  }
}

/** A growing buffer with the counterparts of ByteReader's methods. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>
  #length = 0

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity)
  }

  get length(): number {
    return this.#length
  }

  u8(value: number): this {
    this.#reserve(1)
    this.#bytes[this.#length++] = value
    return this
  }

  u32(value: number): this {
    return this.u8(value >>> 24)
      .u8(value >>> 16)
      .u8(value >>> 8)
      .u8(value)
  }

  u64(value: number): this {
    return this.u32(Math.floor(value / TWO_32)).u32(value % TWO_32)
  }

  varUint(value: number): this {
    for (; value > 0x7f; value = Math.floor(value / 128)) this.u8(0x80 | (value % 128))
    return this.u8(value)
  }

  raw(bytes: Uint8Array): this {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
    return this
  }

  varBytes(bytes: Uint8Array): this {
    return this.varUint(bytes.length).raw(bytes)
  }

  ascii(text: string): this {
    this.#reserve(text.length)
    for (let i = 0; i < text.length; i++) this.#bytes[this.#length++] = text.charCodeAt(i)
    return this
  }

  /** The bytes written, as a view. */
  done(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length)
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }
}

/** The same bytes as a plain Uint8Array: `slice` of a Node Buffer does not copy. */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

export function isPrintable(byte: number): boolean {
  return byte > 0x20 && byte < 0x7f
}

const utf8 = new TextDecoder()
/** Below this a call with the bytes as arguments is three times as fast as the decoder's. */
const SHORT_TEXT = 64

function asciiText(bytes: Uint8Array): string {
  for (let i = 0; i < bytes.length; i++)
    if (!isPrintable(bytes[i] as number)) throw malformed('a key has a byte that is no printable ASCII')
  return bytes.length < SHORT_TEXT ? String.fromCharCode.apply(undefined, bytes as unknown as number[]) : utf8.decode(bytes)
}

function malformed(what: string): EnvelopeRefusedError {
  return new EnvelopeRefusedError('malformed', what)
}
