import type { GossipSub, Message, TopicValidatorFn } from '@libp2p/gossipsub'
import { TopicValidatorResult } from '@libp2p/gossipsub'
import type { Logger } from '../log.ts'
import type { Abortable, Channel, ChannelSpec, Channels, PeerId } from '../ports.ts'
import type { BootstrapKeeper } from './bootstrap.ts'
import { ChannelClosedError, ChannelMessageTooLargeError, ChannelSpecError } from './errors.ts'
import type { GossipInternals } from './gossip-guard.ts'
import { type Judged, judgeMessage } from './judge.ts'
import { MAX_GOSSIP_BYTES, type NetworkLimits } from './limits.ts'
import type { Members } from './members.ts'
import type { Penalties } from './penalties.ts'
import { TokenBuckets } from './token-bucket.ts'
import { isTopic, MAX_TOPIC_LENGTH, TOPIC_PREFIX } from './topic-policy.ts'

/** Below gossipsub's Dlo (4) a mesh looks for more members. */
const FEW_PEERS = 4
/** How often channels with few members look for more; jittered, so that peers of one topic do not ask in step. */
const REFRESH_MS = 10_000
/** Channels refreshed in one round: a peer of 3,000 topics spreads its questions. */
const MAX_REFRESHED = 8
/** Channels looked after when a bootstrap node connects; the others follow by and by. */
const MAX_MET_AGAIN = 64
/** Peers asked at a join, beyond `meetAt`: bootstrap nodes first. */
const MAX_ASKED = 8
/**
 * Questions after a join that found few: peers that start together ask before any of them is known to the seed, and would
 * otherwise wait for the refresh.
 */
const FOLLOW_UPS_MS = [100, 300, 1_000, 3_000]
const MAX_FOLLOW_UP_ASKED = 2
/** Messages in flight of a channel that we just left are nobody's fault. */
const LEFT_GRACE_MS = 30_000
const MAX_LEFT_TOPICS = 1024
/** Messages for topics that we are not in: 500 of them graylist. */
const FOREIGN_TOPIC_POINTS = 0.03
/** Authors remembered by the rate limit of one channel: ten times the members of the largest swarm planned. */
const MAX_AUTHORS = 4096

export interface ChannelsComponents {
  self: PeerId
  gossip: GossipSub & GossipInternals
  members: Members
  penalties: Penalties
  limits: NetworkLimits
  /** Peers worth asking who is in a topic, best first. */
  acquaintances(): PeerId[]
  onDisconnected(listener: (peer: PeerId) => void): () => void
  keeper: Pick<BootstrapKeeper, 'anyConnected' | 'onConnected'>
  nowMs(): number
  log: Logger
}

export interface ClosableChannels extends Channels {
  stop(): Promise<void>
}

interface OpenChannel {
  topic: string
  authors: TokenBuckets
  judge(message: Message, source: PeerId): Judged | Promise<Judged>
  deliver(message: unknown, from: PeerId): void
  peerChanged(peer: PeerId, change: 'joined' | 'left'): void
  close(): Promise<void>
}

/** The Channels port over gossipsub. */
export function createChannels(components: ChannelsComponents): ClosableChannels {
  const { gossip, log, limits } = components
  const open = new Map<string, OpenChannel>()
  const left = new Map<string, number>()
  // What the validator decoded, kept for the delivery of the same object a moment later.
  const decoded = new WeakMap<Message, unknown>()
  const stopping = new AbortController()

  gossip.topicValidators = new ValidatorsByTopic((source, message) => {
    // Without a validator gossipsub would cache and forward it: nobody may use us as storage for topics that we are not in.
    const leftAt = left.get(message.topic)
    if (leftAt === undefined || components.nowMs() - leftAt > LEFT_GRACE_MS)
      components.penalties.add(source.toString(), FOREIGN_TOPIC_POINTS)
    return TopicValidatorResult.Ignore
  })

  gossip.addEventListener('message', ({ detail: message }) => {
    const channel = open.get(message.topic)
    if (channel === undefined || message.type !== 'signed' || !decoded.has(message)) return
    channel.deliver(decoded.get(message), message.from.toString())
  })
  gossip.addEventListener('subscription-change', ({ detail: { peerId, subscriptions } }) => {
    for (const { topic, subscribe } of subscriptions) open.get(topic)?.peerChanged(peerId.toString(), subscribe ? 'joined' : 'left')
  })
  const stopListening = components.onDisconnected((peer) => {
    for (const channel of open.values()) channel.peerChanged(peer, 'left')
  })

  const meetAgain = (peer: PeerId, most: number) => {
    const lonely = [...open.keys()].filter((topic) => gossip.getSubscribers(topic).length < FEW_PEERS)
    for (const topic of shuffled(lonely).slice(0, most)) void components.members.meet(topic, [peer], stopping.signal)
  }
  // A seed that is back knows who else is back: this is how the halves of a cut network meet again.
  const stopMeeting = components.keeper.onConnected((peer) => meetAgain(peer, MAX_MET_AGAIN))

  const validator =
    (channel: OpenChannel): TopicValidatorFn =>
    async (source, message) => {
      const judged = await channel.judge(message, source.toString())
      if (judged.verdict === 'accept') {
        decoded.set(message, judged.message)
        return TopicValidatorResult.Accept
      }
      if (judged.points > 0) components.penalties.add(source.toString(), judged.points)
      log.debug('message refused', { topic: channel.topic, source: source.toString(), verdict: judged.verdict, code: judged.code })
      return judged.verdict === 'reject' ? TopicValidatorResult.Reject : TopicValidatorResult.Ignore
    }

  const leave = (topic: string): void => {
    open.delete(topic)
    gossip.topicValidators.delete(topic)
    left.delete(topic)
    left.set(topic, components.nowMs())
    if (left.size > MAX_LEFT_TOPICS) left.delete(left.keys().next().value as string)
    try {
      gossip.unsubscribe(topic)
    } catch (error) {
      // Gossip was stopped before the channel; then nobody is subscribed any more.
      log.debug('channel left after gossip', { topic, error: String(error) })
    }
  }

  function followUp(topic: string, round: number): void {
    const delayMs = FOLLOW_UPS_MS[round]
    if (delayMs === undefined) return
    const timer = setTimeout(
      () => {
        if (stopping.signal.aborted || !open.has(topic) || gossip.getSubscribers(topic).length >= FEW_PEERS) return
        void components.members.meet(topic, components.acquaintances().slice(0, MAX_FOLLOW_UP_ASKED), stopping.signal)
        followUp(topic, round + 1)
      },
      delayMs * (0.75 + Math.random() / 2),
    )
    ;(timer as { unref?: () => void }).unref?.()
  }

  async function join<M>(spec: ChannelSpec<M>, options: Abortable & { meetAt?: PeerId[] } = {}): Promise<Channel<M>> {
    options.signal?.throwIfAborted()
    if (stopping.signal.aborted) throw new ChannelClosedError(spec.topic)
    checkSpec(spec, open, limits)
    const { channel, face } = createChannel(spec, components, () => leave(spec.topic))
    open.set(spec.topic, channel)
    gossip.topicValidators.set(spec.topic, validator(channel))
    gossip.subscribe(spec.topic)
    for (const peer of gossip.getSubscribers(spec.topic)) channel.peerChanged(peer.toString(), 'joined')
    try {
      await meetMembers(
        components,
        spec.topic,
        options.meetAt ?? [],
        AbortSignal.any([stopping.signal, ...(options.signal ? [options.signal] : [])]),
      )
      options.signal?.throwIfAborted()
    } catch (error) {
      await channel.close()
      throw error
    }
    followUp(spec.topic, 0)
    return face
  }

  const refreshing = setInterval(
    () => {
      const [asked] = shuffled(components.acquaintances())
      if (asked !== undefined) meetAgain(asked, MAX_REFRESHED)
    },
    REFRESH_MS * (0.75 + Math.random() / 2),
  )
  ;(refreshing as { unref?: () => void }).unref?.()

  return {
    join,
    async stop() {
      stopping.abort(new DOMException('the network stops', 'AbortError'))
      clearInterval(refreshing)
      stopListening()
      stopMeeting()
      await Promise.all([...open.values()].map((channel) => channel.close()))
    },
  }
}

/** Gossipsub looks validators up with `get`; a topic without one gets the fallback instead of free passage. */
class ValidatorsByTopic extends Map<string, TopicValidatorFn> {
  readonly #fallback: TopicValidatorFn

  constructor(fallback: TopicValidatorFn) {
    super()
    this.#fallback = fallback
  }

  override get(topic: string): TopicValidatorFn {
    return super.get(topic) ?? this.#fallback
  }
}

function checkSpec<M>(spec: ChannelSpec<M>, open: ReadonlyMap<string, unknown>, limits: NetworkLimits): void {
  const { topic, maxBytes } = spec
  if (!isTopic(topic))
    throw new ChannelSpecError(topic, `a topic of at most ${MAX_TOPIC_LENGTH} characters that begins with ${TOPIC_PREFIX}`, `'${topic}'`)
  if (!(maxBytes > 0 && maxBytes <= MAX_GOSSIP_BYTES))
    throw new ChannelSpecError(topic, `maxBytes from 1 to ${MAX_GOSSIP_BYTES}`, String(maxBytes))
  if (open.has(topic)) throw new ChannelSpecError(topic, `nobody in ${topic}`, 'this peer already in it')
  if (open.size >= limits.maxChannels) throw new ChannelSpecError(topic, `at most ${limits.maxChannels} channels`, 'one more')
}

function createChannel<M>(
  spec: ChannelSpec<M>,
  components: ChannelsComponents,
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
    authors,
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

/** Asks who is in the topic, dials those found, and waits for the first mesh link or the join timeout. Alone it returns at once. */
async function meetMembers(components: ChannelsComponents, topic: string, meetAt: PeerId[], signal: AbortSignal): Promise<void> {
  const { gossip, members, limits, keeper } = components
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(limits.joinTimeoutMs)])
  await keeper.anyConnected({ signal: deadline }).catch(() => {})
  const asked = [...new Set([...meetAt, ...components.acquaintances().slice(0, MAX_ASKED)])].filter((peer) => peer !== components.self)
  const found = await members.meet(topic, asked, deadline)
  if (found === 0 && gossip.getSubscribers(topic).length === 0) return
  await grafted(gossip, topic, deadline)
}

function grafted(gossip: ChannelsComponents['gossip'], topic: string, deadline: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const check = () => {
    if (deadline.aborted || gossip.getMeshPeers(topic).length > 0) resolve()
  }
  gossip.addEventListener('gossipsub:graft', check)
  deadline.addEventListener('abort', check)
  check()
  return promise.finally(() => {
    gossip.removeEventListener('gossipsub:graft', check)
    deadline.removeEventListener('abort', check)
  })
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, rank: Math.random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item)
}
