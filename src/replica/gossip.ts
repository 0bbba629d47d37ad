import type { Logger } from '../log.ts'
import type { Channel, ChannelSpec, Channels, PeerId, Verdict } from '../ports.ts'
import { logTopic } from '../protocol/topics.ts'
import { type Envelope, peekEnvelope } from './envelope.ts'
import { EnvelopeRefusedError } from './errors.ts'
import type { JobCore, Outcome } from './job-core.ts'
import { MAX_GOSSIP_BURST, MAX_GOSSIP_BYTES } from './limits.ts'

/** First byte of a message on a log's topic. */
const KINDS = { envelope: 1, proof: 2 } as const

export interface LogMessage {
  kind: keyof typeof KINDS
  bytes: Uint8Array
}

export interface Gossip {
  readonly channel: Pick<Channel<LogMessage>, 'peers' | 'onPeer' | 'close'>
  publish(envelopes: readonly Envelope[]): void
}

export interface GossipComponents {
  channels: Channels
  core: JobCore
  logger: Logger
  /** Called when `peer` has told of something that does not fit what we hold. */
  onGap: (peer: PeerId) => void
}

/** Joins the Job's log topic. An envelope is verified and applied before it is forwarded, so that the judge is the receiver, too. */
export async function joinGossip(
  { channels, core, logger, onGap }: GossipComponents,
  options: { signal?: AbortSignal; meetAt?: PeerId[] },
): Promise<Gossip> {
  const judge = createJudge(core, onGap)
  const spec: ChannelSpec<LogMessage> = {
    topic: logTopic(core.context.jobId),
    maxBytes: MAX_GOSSIP_BYTES,
    encode: ({ kind, bytes }) => {
      const message = new Uint8Array(1 + bytes.length)
      message[0] = KINDS[kind]
      message.set(bytes, 1)
      return message
    },
    decode: (message) => {
      const kind = message[0] === KINDS.envelope ? 'envelope' : message[0] === KINDS.proof ? 'proof' : undefined
      if (kind === undefined) throw new EnvelopeRefusedError('malformed', 'expected an envelope or a proof')
      return { kind, bytes: message.subarray(1) }
    },
    judge,
  }
  const channel = await channels.join(spec, options)
  const send = (message: LogMessage) => {
    // Whoever misses it asks for it later.
    channel.publish(message).catch((error: unknown) => logger.debug('gossip was not sent', { error: String(error) }))
  }
  core.onProof(({ bytes }) => send({ kind: 'proof', bytes }))
  return {
    channel,
    publish(envelopes) {
      const told = envelopes.length > MAX_GOSSIP_BURST ? envelopes.slice(-1) : envelopes
      for (const { bytes } of told) send({ kind: 'envelope', bytes })
    },
  }
}

function createJudge(core: JobCore, onGap: (peer: PeerId) => void) {
  /** The clock up to which each log has come by gossip: what came by stream first is still forwarded, once. */
  const gossiped = new Map<string, number>()

  const judgeEnvelope = async (bytes: Uint8Array, from: PeerId): Promise<Verdict> => {
    // Nobody else may repeat an author's envelopes: newcomers ask for them by stream.
    const { author, log, to } = peekEnvelope(bytes)
    if (author !== from) return refused(new EnvelopeRefusedError('not-the-author', author))
    const outcome = (await core.ingest([bytes])).outcomes[0]!
    if (outcome === 'held' || isBehind(outcome)) onGap(from)
    if (outcome instanceof EnvelopeRefusedError) return refused(outcome)
    const news = to > (gossiped.get(log) ?? 0)
    if (news) gossiped.set(log, to)
    return outcome !== 'known' || news ? { verdict: 'accept' } : { verdict: 'ignore', code: 'known' }
  }

  return async ({ kind, bytes }: LogMessage, from: PeerId): Promise<Verdict> => {
    try {
      if (kind === 'envelope') return await judgeEnvelope(bytes, from)
      return (await core.accuse(bytes)) ? { verdict: 'accept' } : { verdict: 'ignore', code: 'known' }
    } catch (error) {
      if (error instanceof EnvelopeRefusedError) return refused(error)
      throw error
    }
  }
}

function refused({ code, blame }: EnvelopeRefusedError): Verdict {
  return { verdict: blame ? 'reject' : 'ignore', code }
}

function isBehind(outcome: Outcome): boolean {
  return outcome instanceof EnvelopeRefusedError && (outcome.code === 'held-full' || outcome.code === 'store-behind')
}
