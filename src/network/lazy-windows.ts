/**
 * yamux for JavaScript answers every data frame with a window update: a second frame, encrypted and sent, for each gossip message. This one
 * waits until a part of the window is used, as Go's and Rust's do. It touches internals, and refuses to start where one is missing.
 */
import type { Stream, StreamMuxerFactory } from '@libp2p/interface'
import { type YamuxMuxerInit, yamux } from '@libp2p/yamux'

/** The part of a yamux stream that its type does not show. */
interface WindowedStream {
  state: number
  recvWindow: number
  recvWindowCapacity: number
  sendWindowUpdate(): void
}

interface MuxerInternals {
  _newStream(id: number, state: number, direction: 'inbound' | 'outbound'): WindowedStream
}

/** Of a stream that still has its SYN or ACK to send, which travels on a window update. */
const OPENING = new Set([0, 2])

/** 64 KiB of the usual window: hundreds of gossip messages, or one full frame of a bulk stream, whose sender never stands still. */
const USED_SHARE = 1 / 4

/** libp2p's yamux with window updates only after that share of the window. */
export function lazyYamux(init: YamuxMuxerInit): () => StreamMuxerFactory {
  const create = yamux(init)
  return () => {
    const factory: StreamMuxerFactory = create()
    const createStreamMuxer = factory.createStreamMuxer.bind(factory)
    factory.createStreamMuxer = (connection) => {
      const muxer = createStreamMuxer(connection)
      makeLazy(muxer as unknown as MuxerInternals)
      return muxer
    }
    return factory
  }
}

/**
 * Lets the peer send so much unread from now on. yamux would double its 256 KiB only while a window passes in four round trips, and so never
 * where both ends have other work to do: then they take turns instead of working at once.
 */
export function widenWindow(stream: Stream, bytes: number): void {
  const windowed = stream as unknown as WindowedStream
  if (typeof windowed.recvWindow !== 'number' || windowed.recvWindow >= bytes) return
  windowed.recvWindow = bytes
  windowed.sendWindowUpdate()
}

function makeLazy(muxer: MuxerInternals): void {
  if (typeof muxer._newStream !== 'function') throw new TypeError('this version of @libp2p/yamux has other internals than we know')
  const create = muxer._newStream.bind(muxer)
  muxer._newStream = (...args) => {
    const stream = create(...args)
    const sendWindowUpdate = stream.sendWindowUpdate.bind(stream)
    stream.sendWindowUpdate = () => {
      const isWorthIt = stream.recvWindowCapacity <= stream.recvWindow * (1 - USED_SHARE)
      if (isWorthIt || OPENING.has(stream.state)) sendWindowUpdate()
    }
    return stream
  }
}
