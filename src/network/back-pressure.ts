import type { Stream } from '@libp2p/interface'

/** Pause the sender above, go on below: a stream holds at most this, and one window (2 MiB) more. */
const HIGH_WATER_BYTES = 512 * 1024
const LOW_WATER_BYTES = 128 * 1024

/**
 * Sends, then waits until the peer takes more. The stream's own `onDrain` keeps its first resolved promise and never
 * waits again, and its buffer has no bound of its own, so we wait for the event.
 */
export async function sendWithBackPressure(stream: Stream, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  stream.send(bytes)
  while (stream.writableNeedsDrain && stream.status === 'open') await drained(stream, signal)
}

function drained(stream: Stream, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const done = () => resolve()
  const aborted = () => reject(signal.reason)
  stream.addEventListener('drain', done)
  stream.addEventListener('close', done)
  signal.addEventListener('abort', aborted)
  return promise.finally(() => {
    stream.removeEventListener('drain', done)
    stream.removeEventListener('close', done)
    signal.removeEventListener('abort', aborted)
  })
}

export interface ByteSource {
  /** The next bytes; undefined at the end. Rejects with the error that closed the stream. */
  read(): Promise<Uint8Array | undefined>
  /** Gives back what was read too much. */
  unread(chunk: Uint8Array): void
  /** Takes no more bytes. */
  stop(): void
}

/**
 * The stream's bytes with back-pressure. Neither `lpStream` (dies above 4 MiB unread) nor the stream's async iterator
 * (buffers without bound) gives it, hence events with pause and resume.
 */
export function createByteSource(stream: Stream): ByteSource {
  const chunks: Uint8Array[] = []
  let buffered = 0
  let stopped = false
  let ended = stream.readableEnded
  let failure: Error | undefined
  let wake: (() => void) | undefined
  const notify = () => {
    wake?.()
    wake = undefined
  }

  let resuming = false
  // `resume` delivers what waits before it opens the window. A `pause` in the midst of that leaves the stream paused with
  // its window open, until its buffer bursts: so we pause only afterwards.
  const balance = () => {
    if (resuming || stopped) return
    if (buffered < LOW_WATER_BYTES && stream.readStatus === 'paused') {
      resuming = true
      stream.resume()
      resuming = false
    }
    if (buffered > HIGH_WATER_BYTES) pause(stream)
  }

  stream.addEventListener('message', (event) => {
    if (stopped) return
    for (const data of event.data instanceof Uint8Array ? [event.data] : event.data) {
      if (data.byteLength === 0) continue
      chunks.push(data)
      buffered += data.byteLength
    }
    balance()
    notify()
  })
  stream.addEventListener('end', () => {
    ended = true
    notify()
  })
  stream.addEventListener('close', (event) => {
    if (event.error !== undefined) failure = event.error
    else if (stream.readBufferLength === 0) ended = true
    notify()
  })

  return {
    async read() {
      for (;;) {
        const chunk = chunks.shift()
        if (chunk !== undefined) {
          buffered -= chunk.byteLength
          balance()
          return chunk
        }
        if (failure !== undefined) throw failure
        if (ended) return undefined
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    unread(chunk) {
      if (chunk.byteLength === 0) return
      chunks.unshift(chunk)
      buffered += chunk.byteLength
    },
    stop() {
      stopped = true
      chunks.length = 0
      buffered = 0
      pause(stream)
    },
  }
}

function pause(stream: Stream): void {
  if (stream.readStatus === 'readable') stream.pause()
}
