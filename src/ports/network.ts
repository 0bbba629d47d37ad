import type { Abortable, PeerId } from './common.ts'

/**
 * The judgement of a stranger's message. `accept` forwards and delivers it, `ignore` drops it without blame (also for bugs of ours),
 * `reject` drops it and lowers the sender's score; `code` is a short constant, never text for the peer.
 */
export type Verdict = { verdict: 'accept' } | { verdict: 'ignore' | 'reject'; code: string }

/** How the bytes of one topic become messages. */
export interface ChannelSpec<M> {
  topic: string
  /** The most bytes that one message may have on the wire. An oversize gossip message costs the sender its mesh: capped on sending too. */
  maxBytes: number
  encode(message: M): Uint8Array
  /** Throws on anything that is not a message of this channel; the network turns that into `reject`. */
  decode(bytes: Uint8Array): M
  /** Cheap checks first, signatures last; runs before the message is forwarded. Without it, what decodes is accepted. */
  judge?(message: M, from: PeerId): Verdict | Promise<Verdict>
}

/** A typed gossip topic that this peer has joined. `from` is the verified author, not the peer that relayed it. */
export interface Channel<M> {
  readonly topic: string
  /** Resolves when the message was handed to gossip (also with nobody listening). Rejects with ChannelMessageTooLargeError. */
  publish(message: M): Promise<void>
  /** Calls `listener` for each accepted message of others, never for our own; returns the way to stop. */
  subscribe(listener: (message: M, from: PeerId) => void): () => void
  /** The peers known to be subscribed now, this one excluded. */
  peers(): PeerId[]
  onPeer(listener: (peer: PeerId, change: 'joined' | 'left') => void): () => void
  /** Leaves the topic; idempotent. */
  close(): Promise<void>
}

export interface Channels {
  /** Subscribes and dials members found through `meetAt` (peers likely to be members or to know some). */
  join<M>(spec: ChannelSpec<M>, options?: Abortable & { meetAt?: PeerId[] }): Promise<Channel<M>>
}

/** One request/response protocol on a stream: one request frame, any number of response frames. */
export interface StreamSpec {
  /** For example `/minga/blocks/1`. */
  protocol: string
  maxRequestBytes: number
  /** The most bytes of one response frame. */
  maxFrameBytes: number
  /** The most bytes of all response frames together. */
  maxResponseBytes: number
  /** No frame for so long ends the stream with StreamTimeoutError. */
  idleTimeoutMs: number
  /** The whole exchange takes no longer. */
  totalTimeoutMs: number
  /** The most streams of this protocol served at once for one peer. */
  maxConcurrent: number
}

export type StreamHandler = (request: Uint8Array, context: { from: PeerId; signal: AbortSignal }) => AsyncIterable<Uint8Array>

export interface Streams {
  /** Serves `spec` until the returned function is called. What the handler throws closes the stream; its text stays here. */
  serve(spec: StreamSpec, handler: StreamHandler): Promise<() => Promise<void>>
  /** Sends the request and yields the response's frames with back-pressure. Throws StreamTimeoutError, StreamRefusedError, PeerUnreachableError. */
  request(peer: PeerId, spec: StreamSpec, request: Uint8Array, options?: Abortable): AsyncIterable<Uint8Array>
}

export interface Network {
  readonly self: PeerId
  /** The raw 32-byte Ed25519 public key behind `self`. */
  readonly publicKey: Uint8Array
  readonly channels: Channels
  readonly streams: Streams
  /** Multiaddrs that others can dial, each ending in `/p2p/<self>`. */
  addresses(): string[]
  /** Connected peers. */
  peers(): PeerId[]
  onPeer(listener: (peer: PeerId, change: 'connected' | 'disconnected') => void): () => void
  /** Connects by multiaddr or by peer id of a known peer. Throws PeerUnreachableError. */
  dial(target: string | PeerId, options?: Abortable): Promise<PeerId>
  stop(): Promise<void>
}
