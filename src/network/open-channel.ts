import type { GossipSub, Message } from '@libp2p/gossipsub'
import type { Logger } from '../log.ts'
import type { Channel, ChannelSpec, PeerId } from '../ports.ts'
import { ChannelClosedError, ChannelMessageTooLargeError } from './errors.ts'
import { type Judged, judgeMessage } from './judge.ts'
import type { NetworkLimits } from './limits.ts'
import { TokenBuckets } from './token-bucket.ts'

/** Authors remembered by the rate limit of one channel: ten times the members of the largest swarm planned. */
const MAX_AUTHORS = 4096

export interface OpenChannelComponents {
  self: PeerId
  gossip: Pick<GossipSub, 'publish'>
  limits: NetworkLimits
  nowMs(): number
  log: Logger
}

export interface OpenChannel {
  topic: string
  judge(message: Message, source: PeerId): Judged | Promise<Judged>
  deliver(message: unknown, from: PeerId): void
  peerChanged(peer: PeerId, change: 'joined' | 'left'): void
  close(): Promise<void>
}

/** One joined topic: the channel's inner side, which gossip feeds, and the face that its owner holds. `leave` unsubscribes. */
export function createOpenChannel<M>(
  spec: ChannelSpec<M>,
  components: OpenChannelComponents,
  leave: () => void,
): { channel: OpenChannel; face: Channel<M> } {
  const { gossip, limits, log } = components
  const listeners = new Set<(message: M, from: PeerId) => void>()
  const peerListeners = new Set<(peer: PeerId, change: 'joined' | 'left') => void>()
  const peers = new Set<PeerId>()
  let closed = false
  const { authorMessagesPerSecond: perSecond } = limits
  const authors = new TokenBuckets({ perSecond, burst: 2 * perSecond, maxKeys: MAX_AUTHORS })

  const channel: OpenChannel = {
    topic: spec.topic,
    judge: (message, source) => judgeMessage(spec, message, source, { self: components.self, authors, nowMs: components.nowMs(), log }),
    deliver(message, from) {
      for (const listener of [...listeners]) guarded(() => listener(message as M, from), log, spec.topic)
    },
    peerChanged(peer, change) {
      if (closed || peers.has(peer) === (change === 'joined')) return
      if (change === 'joined') peers.add(peer)
      else peers.delete(peer)
      for (const listener of [...peerListeners]) guarded(() => listener(peer, change), log, spec.topic)
    },
    async close() {
      if (closed) return
      closed = true
      listeners.clear()
      peerListeners.clear()
      leave()
    },
  }

  const face: Channel<M> = {
    topic: spec.topic,
    async publish(message) {
      if (closed) throw new ChannelClosedError(spec.topic)
      const bytes = spec.encode(message)
      if (bytes.byteLength > spec.maxBytes) {
        throw new ChannelMessageTooLargeError({ topic: spec.topic, bytes: bytes.byteLength, maxBytes: spec.maxBytes })
      }
      try {
        await gossip.publish(spec.topic, bytes)
      } catch (error) {
        throw new ChannelClosedError(spec.topic, error)
      }
    },
    subscribe: (listener) => addTo(listeners, listener),
    peers: () => [...peers],
    onPeer: (listener) => addTo(peerListeners, listener),
    close: () => channel.close(),
  }
  return { channel, face }
}

/** Each call is its own subscription, also where two share one function. */
function addTo<F extends (...args: never[]) => void>(set: Set<F>, listener: F): () => void {
  const own = ((...args) => listener(...args)) as F
  set.add(own)
  return () => set.delete(own)
}

function guarded(call: () => void, log: Logger, topic: string): void {
  try {
    call()
  } catch (error) {
    log.error('listener of a channel failed', { topic, error })
  }
}
