import type { Connection, Libp2p, PeerId as Libp2pPeerId, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Logger } from '../log.ts'
import type { Abortable, PeerId, StreamHandler, StreamSpec, Streams } from '../ports.ts'
import { sendWithBackPressure } from './back-pressure.ts'
import { PeerUnreachableError, ProtocolTakenError, StreamLimitError, StreamRefusedError, StreamTimeoutError } from './errors.ts'
import { type Exchange, raceAbort, startExchange } from './exchange.ts'
import { createFrameReader, END_BUSY, END_FAILED, END_OK, encodeEnd, FrameTooLargeError, FrameTruncatedError, sendFrame } from './frames.ts'
import { widenWindow } from './lazy-windows.ts'
import { MAX_STREAM_WINDOW_BYTES } from './limits.ts'

export interface StreamsComponents {
  libp2p: Pick<Libp2p, 'handle' | 'unhandle' | 'dialProtocol'>
  log: Logger
}

/** Beyond a peer's cap we still answer so many with "busy"; more are reset by libp2p unheard. */
const BUSY_SLACK = 8
/** libp2p counts our own streams by connection; the caller's concurrency is its own matter, but not endless. */
const MAX_OUTBOUND_STREAMS = 256
/** A peer that does not close its end after our answer loses the stream after so long. */
const LINGER_MS = 5_000
/** Answers of frames from here on fill the usual window (256 KiB) at once. */
const BULK_FRAME_BYTES = 256 * 1024

/** The Streams port over libp2p streams, one stream an exchange. */
export function createStreams({ libp2p, log }: StreamsComponents): Streams {
  return {
    async serve(spec, handler) {
      const server = createServer(spec, handler, log.child(spec.protocol))
      try {
        await libp2p.handle(spec.protocol, server, {
          maxInboundStreams: spec.maxConcurrent + BUSY_SLACK,
          maxOutboundStreams: MAX_OUTBOUND_STREAMS,
        })
      } catch (error) {
        throw new ProtocolTakenError(spec.protocol, error)
      }
      return () => libp2p.unhandle(spec.protocol)
    },
    request: (peer, spec, request, options) => exchangeWith(libp2p, peer, spec, request, options),
  }
}

// ---------------------------------------------------------------- the asking side

async function* exchangeWith(
  libp2p: StreamsComponents['libp2p'],
  peer: PeerId,
  spec: StreamSpec,
  request: Uint8Array,
  options?: Abortable,
): AsyncGenerator<Uint8Array> {
  options?.signal?.throwIfAborted()
  if (request.byteLength > spec.maxRequestBytes) {
    throw new StreamLimitError({ protocol: spec.protocol, part: 'request', maxBytes: spec.maxRequestBytes })
  }
  const exchange = startExchange(spec, options?.signal)
  let stream: Stream | undefined
  let whole = false
  try {
    stream = await open(libp2p, peer, spec, exchange)
    if (spec.maxFrameBytes >= BULK_FRAME_BYTES) widenWindow(stream, MAX_STREAM_WINDOW_BYTES)
    const reader = createFrameReader(stream, spec.maxFrameBytes)
    await exchange.waitingOnPeer(sendFrame(stream, request, exchange.signal))
    // Nothing more will be sent; the other side may free what waits for it. Its failure shows in reading.
    stream.close({ signal: exchange.signal }).catch(() => {})
    for (let received = 0; ; ) {
      const frame = await exchange.waitingOnPeer(reader.next())
      if (frame.kind === 'end') {
        whole = true
        if (frame.status === END_OK) return
        throw new StreamRefusedError({ protocol: spec.protocol, peer, reason: frame.status === END_BUSY ? 'busy' : 'failed' })
      }
      received += frame.bytes.byteLength
      if (received > spec.maxResponseBytes) {
        throw new StreamLimitError({ protocol: spec.protocol, part: 'response', maxBytes: spec.maxResponseBytes })
      }
      yield frame.bytes
    }
  } catch (error) {
    throw asRequestError(error, { peer, spec, exchange, signal: options?.signal, opened: stream !== undefined })
  } finally {
    exchange.stop()
    if (!whole) stream?.abort(new Error('exchange given up'))
  }
}

async function open(libp2p: StreamsComponents['libp2p'], peer: PeerId, spec: StreamSpec, exchange: Exchange): Promise<Stream> {
  const target = parsePeer(peer)
  const dialled = libp2p.dialProtocol(target, spec.protocol, { signal: exchange.signal, maxOutboundStreams: MAX_OUTBOUND_STREAMS })
  try {
    return await exchange.waitingOnPeer(dialled)
  } catch (error) {
    // A stream that opens after we gave up would stay open for ever.
    dialled.then((late) => late.abort(new Error('exchange given up'))).catch(() => {})
    throw error
  }
}

function parsePeer(peer: PeerId): Libp2pPeerId {
  try {
    return peerIdFromString(peer)
  } catch (error) {
    throw new PeerUnreachableError(peer, error)
  }
}

interface RequestFacts {
  peer: PeerId
  spec: StreamSpec
  exchange: Exchange
  signal: AbortSignal | undefined
  opened: boolean
}

function asRequestError(error: unknown, { peer, spec, exchange, signal, opened }: RequestFacts): unknown {
  if (signal?.aborted) return signal.reason
  const { protocol } = spec
  if (exchange.expired !== undefined) return new StreamTimeoutError({ protocol, peer, ...exchange.expired })
  if (error instanceof StreamRefusedError || error instanceof StreamLimitError || error instanceof PeerUnreachableError) return error
  if (error instanceof FrameTooLargeError) return new StreamLimitError({ protocol, part: 'frame', maxBytes: spec.maxFrameBytes })
  if (opened) return new StreamRefusedError({ protocol, peer, reason: 'broken', cause: error })
  if (error instanceof Error && error.name === 'UnsupportedProtocolError') {
    return new StreamRefusedError({ protocol, peer, reason: 'unsupported', cause: error })
  }
  return new PeerUnreachableError(peer, error)
}

// ---------------------------------------------------------------- the answering side

function createServer(spec: StreamSpec, handler: StreamHandler, log: Logger) {
  const active = new Map<PeerId, number>()

  return async (stream: Stream, connection: Connection): Promise<void> => {
    const from = connection.remotePeer.toString()
    const count = active.get(from) ?? 0
    const exchange = startExchange(spec)
    stream.addEventListener('close', () => exchange.stop())
    try {
      if (count >= spec.maxConcurrent) return await finish(stream, END_BUSY, exchange)
      active.set(from, count + 1)
      try {
        await answer(stream, { spec, handler, from, exchange, log })
      } finally {
        const left = (active.get(from) ?? 1) - 1
        if (left > 0) active.set(from, left)
        else active.delete(from)
      }
    } catch (error) {
      log.debug('exchange ended early', { from, error: String(error) })
      stream.abort(new Error('exchange given up'))
    } finally {
      exchange.stop()
    }
  }
}

interface AnswerFacts {
  spec: StreamSpec
  handler: StreamHandler
  from: PeerId
  exchange: Exchange
  log: Logger
}

async function answer(stream: Stream, { spec, handler, from, exchange, log }: AnswerFacts): Promise<void> {
  const reader = createFrameReader(stream, spec.maxRequestBytes)
  const request = await exchange.waitingOnPeer(reader.next())
  if (request.kind !== 'data') throw new FrameTruncatedError('expected a request, found an end')
  reader.stopReading()
  const status = await respond(stream, request.bytes, { spec, handler, from, exchange, log })
  await finish(stream, status, exchange)
}

/** Sends what the handler yields. What it throws stays in our log: the peer hears one status byte. */
async function respond(stream: Stream, request: Uint8Array, { spec, handler, from, exchange, log }: AnswerFacts): Promise<number> {
  let sent = 0
  let frames: AsyncIterator<Uint8Array> | undefined
  const next = async () => {
    try {
      frames ??= handler(request, { from, signal: exchange.signal })[Symbol.asyncIterator]()
      return await raceAbort(frames.next(), exchange.signal)
    } catch (error) {
      exchange.signal.throwIfAborted()
      log.warn('handler failed', { from, error })
      return undefined
    }
  }
  try {
    for (;;) {
      const result = await next()
      if (result === undefined) return END_FAILED
      if (result.done) return END_OK
      sent += result.value.byteLength
      if (result.value.byteLength > spec.maxFrameBytes || sent > spec.maxResponseBytes) {
        log.error('handler answers more than its protocol allows', { from, frameBytes: result.value.byteLength, sentBytes: sent })
        return END_FAILED
      }
      await exchange.waitingOnPeer(sendFrame(stream, result.value, exchange.signal))
    }
  } finally {
    // Not awaited: a handler that hangs must not keep the peer's slot.
    frames?.return?.().catch(() => {})
  }
}

async function finish(stream: Stream, status: number, exchange: Exchange): Promise<void> {
  await exchange.waitingOnPeer(sendWithBackPressure(stream, encodeEnd(status), exchange.signal))
  await exchange.waitingOnPeer(stream.close({ signal: exchange.signal }))
  const linger = setTimeout(() => stream.abort(new Error('the other end stayed open')), LINGER_MS)
  stream.addEventListener('close', () => clearTimeout(linger))
  if (stream.status !== 'open') clearTimeout(linger)
}
