import { encode } from 'cborg'
import type { z } from 'zod'
import { decodeScanned } from './cbor-decode.ts'
import { scanCbor } from './cbor-scan.ts'
import { CodecError } from './wire-errors.ts'

export interface CodecLimits {
  /** The most bytes, checked before anything else is looked at. */
  maxBytes: number
  /** How many arrays and maps may lie in one another. @default 16 */
  maxDepth?: number
  /** Floats have several encodings and NaNs: only where a message needs them. @default false */
  allowFloats?: boolean
}

/** Deeper than any message of ours, shallow enough for every recursive reader behind. */
const DEFAULT_MAX_DEPTH = 16

/**
 * The canonical CBOR of `value`: shortest heads, map keys by length then bytes, no tags, no indefinite lengths. Properties that are
 * undefined are left out. Integers are numbers within ±2⁵³ and bigints up to ±2⁶⁴. Throws CodecError where the bytes could not be decoded
 * within the same limits.
 */
export function encodeCbor(value: unknown, limits: CodecLimits): Uint8Array {
  let bytes: Uint8Array
  try {
    bytes = encode(value, { ignoreUndefinedProperties: true, float64: true })
  } catch (error) {
    throw new CodecError('not-encodable', 'value', error)
  }
  check(bytes, limits)
  return bytes
}

/**
 * The value of canonical CBOR bytes: plain objects, arrays, strings, Uint8Array, numbers, booleans, null, and bigints for integers beyond
 * ±2⁵³. Throws CodecError for anything else; what decodes, encodes to the same bytes.
 */
export function decodeCbor(bytes: Uint8Array, limits: CodecLimits): unknown {
  check(bytes, limits)
  return decodeScanned(bytes)
}

function check(bytes: Uint8Array, { maxBytes, maxDepth = DEFAULT_MAX_DEPTH, allowFloats = false }: CodecLimits): void {
  if (bytes.byteLength > maxBytes) throw new CodecError('too-large', `byte ${maxBytes}`)
  scanCbor(bytes, { maxDepth, allowFloats })
}

/** A kind of message: its schema, its limits, and both directions. */
export interface MessageCodec<M> {
  readonly maxBytes: number
  /** Throws CodecError where `message` does not fit the schema (a bug of ours) or the limits. */
  encode(message: M): Uint8Array
  /** Throws CodecError for everything that is not such a message. */
  decode(bytes: Uint8Array): M
}

/**
 * A codec for the values of a zod schema, usually a discriminated union of `z.strictObject`s (plain objects would drop unknown
 * keys unseen). Schemas must not transform: what was validated is what was sent.
 */
export function defineMessage<M>(schema: z.ZodType<M>, limits: CodecLimits): MessageCodec<M> {
  const validate = (value: unknown): M => {
    const result = schema.safeParse(value)
    if (result.success) return result.data
    const [issue] = result.error.issues
    throw new CodecError('schema', issue?.path.map(String).join('.').slice(0, 200) || 'value')
  }
  return {
    maxBytes: limits.maxBytes,
    encode: (message) => encodeCbor(validate(message), limits),
    decode: (bytes) => validate(decodeCbor(bytes, limits)),
  }
}
