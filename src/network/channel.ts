import type { GossipSub, Message, TopicValidatorFn } from '@libp2p/gossipsub'
import { TopicValidatorResult } from '@libp2p/gossipsub'
import type { Abortable, Channel, ChannelSpec, Channels, PeerId } from '../ports.ts'
import { ChannelClosedError, ChannelSpecError } from './errors.ts'
import type { GossipInternals } from './gossip-guard.ts'
import { MAX_GOSSIP_BYTES, type NetworkLimits } from './limits.ts'
import { createMeeting, type MeetingComponents } from './meeting.ts'
import { createOpenChannel, type OpenChannel, type OpenChannelComponents } from './open-channel.ts'
import type { Penalties } from './penalties.ts'
import { isTopic, MAX_TOPIC_LENGTH, TOPIC_PREFIX } from './topic-policy.ts'

/** Messages in flight of a channel that we just left are nobody's fault. */
const LEFT_GRACE_MS = 30_000
const MAX_LEFT_TOPICS = 1024
/** Messages for topics that we are not in: 500 of them graylist. */
const FOREIGN_TOPIC_POINTS = 0.03

export interface ChannelsComponents extends MeetingComponents, OpenChannelComponents {
  gossip: GossipSub & GossipInternals
  penalties: Penalties
  onDisconnected(listener: (peer: PeerId) => void): () => void
}

export interface ClosableChannels extends Channels {
  stop(): Promise<void>
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

  const meeting = createMeeting(components, open)

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

  async function join<M>(spec: ChannelSpec<M>, options: Abortable & { meetAt?: PeerId[] } = {}): Promise<Channel<M>> {
    options.signal?.throwIfAborted()
    if (stopping.signal.aborted) throw new ChannelClosedError(spec.topic)
    checkSpec(spec, open, limits)
    const { channel, face } = createOpenChannel(spec, components, () => leave(spec.topic))
    open.set(spec.topic, channel)
    gossip.topicValidators.set(spec.topic, validator(channel))
    gossip.subscribe(spec.topic)
    for (const peer of gossip.getSubscribers(spec.topic)) channel.peerChanged(peer.toString(), 'joined')
    try {
      await meeting.meet(spec.topic, options.meetAt ?? [], options.signal ?? stopping.signal)
      options.signal?.throwIfAborted()
    } catch (error) {
      await channel.close()
      throw error
    }
    return face
  }

  return {
    join,
    async stop() {
      stopping.abort(new DOMException('the network stops', 'AbortError'))
      meeting.stop()
      stopListening()
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
