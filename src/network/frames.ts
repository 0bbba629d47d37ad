/**
 * Frames of the Streams protocols on the wire: `uvarint(n)`, then n − 1 bytes; n = 0 is the end, followed by one status byte.
 * Without the end marker an answer is not whole: a lost connection closes a stream exactly as a polite peer does.
 */
import type { Stream } from '@libp2p/interface'
import { createByteSource, sendWithBackPressure } from './back-pressure.ts'

export const END_OK = 0
export const END_BUSY = 1
export const END_FAILED = 2

export type Frame = { kind: 'data'; bytes: Uint8Array } | { kind: 'end'; status: number }

/** Five bytes hold 2³⁵; no frame comes near. */
const MAX_HEADER_BYTES = 5
/** A claimed length is believed when so much of it has come: nobody makes us allocate a whole frame with five bytes. */
const FIRST_ALLOCATION_BYTES = 64 * 1024
/** A frame below goes out in one piece; to copy a larger one costs more than the few bytes of a piece of its own for the header. */
const MAX_COPIED_BYTES = 16 * 1024

/** Thrown by the reader for a frame above its limit. */
export class FrameTooLargeError extends Error {}

/** Thrown by the reader for a stream that ends inside a frame, or without an end marker. */
export class FrameTruncatedError extends Error {}

export interface FrameReader {
  /** The next frame. Rejects with FrameTooLargeError, FrameTruncatedError, or the error that closed the stream. */
  next(): Promise<Frame>
  /** Takes no more bytes: what a peer sends beyond its request waits in its own window. */
  stopReading(): void
}

function encodeHeader(value: number): number[] {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest]
    bytes.push((rest % 128) + 128)
  }
}

/** A data frame: its header and `bytes`, in one piece. */
export function encodeFrame(bytes: Uint8Array): Uint8Array {
  const header = encodeHeader(bytes.byteLength + 1)
  const frame = new Uint8Array(header.length + bytes.byteLength)
  frame.set(header)
  frame.set(bytes, header.length)
  return frame
}

export function encodeEnd(status: number): Uint8Array {
  return Uint8Array.of(0, status)
}

/** Sends a data frame, uncopied where it is large, and waits until the peer takes more. */
export function sendFrame(stream: Stream, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  if (bytes.byteLength <= MAX_COPIED_BYTES) return sendWithBackPressure(stream, encodeFrame(bytes), signal)
  signal.throwIfAborted()
  stream.send(Uint8Array.from(encodeHeader(bytes.byteLength + 1)))
  return sendWithBackPressure(stream, bytes, signal)
}

/** Reads the frames of a stream, each of at most `maxFrameBytes`. Attach it at once: it listens from now on. */
export function createFrameReader(stream: Stream, maxFrameBytes: number): FrameReader {
  const source = createByteSource(stream)

  async function chunkOrThrow(): Promise<Uint8Array> {
    const chunk = await source.read()
    if (chunk === undefined) throw new FrameTruncatedError('the stream ended inside an exchange')
    return chunk
  }

  async function byte(): Promise<number> {
    const chunk = await chunkOrThrow()
    source.unread(chunk.subarray(1))
    return chunk[0] as number
  }

  async function header(): Promise<number> {
    let value = 0
    for (let index = 0; index < MAX_HEADER_BYTES; index++) {
      const next = await byte()
      value += (next & 127) * 128 ** index
      if (next < 128) return value
    }
    throw new FrameTooLargeError('the header of a frame has no end')
  }

  async function body(length: number): Promise<Uint8Array> {
    let bytes = new Uint8Array(Math.min(length, FIRST_ALLOCATION_BYTES))
    let filled = 0
    while (filled < length) {
      const chunk = await chunkOrThrow()
      const part = chunk.subarray(0, length - filled)
      if (filled + part.byteLength > bytes.byteLength) {
        const whole = new Uint8Array(length)
        whole.set(bytes.subarray(0, filled))
        bytes = whole
      }
      bytes.set(part, filled)
      filled += part.byteLength
      source.unread(chunk.subarray(part.byteLength))
    }
    return bytes
  }

  return {
    async next() {
      const size = await header()
      if (size === 0) return { kind: 'end', status: await byte() }
      if (size - 1 > maxFrameBytes) throw new FrameTooLargeError(`a frame claims ${size - 1} bytes`)
      return { kind: 'data', bytes: await body(size - 1) }
    },
    stopReading: () => source.stop(),
  }
}
