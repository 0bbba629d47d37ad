import type { Message } from '@libp2p/gossipsub'
import type { Logger } from '../log.ts'
import type { ChannelSpec, PeerId, Verdict } from '../ports.ts'
import type { TokenBuckets } from './token-bucket.ts'

/** The verdict on one gossip message, with what it decoded to, or with the points that its sender gets. */
export type Judged = { verdict: 'accept'; message: unknown } | { verdict: 'ignore' | 'reject'; code: string; points: number }

export interface JudgeFacts {
  self: PeerId
  authors: TokenBuckets
  nowMs: number
  log: Logger
}

/** A lie costs one point: the thirteenth within half a minute graylists. */
const REJECT_POINTS = 1
/** An author that sends above its rate itself; relays are not blamed, for each of them may have passed on its fair share. */
const RATE_POINTS = 0.1

/**
 * Size, rate, shape, and then the channel's own judgement: cheap checks first. Nothing here throws; a bug of ours is `ignore` and a line
 * in our log. `source` handed the message to us, `message.from` wrote and signed it.
 */
export function judgeMessage<M>(spec: ChannelSpec<M>, message: Message, source: PeerId, facts: JudgeFacts): Judged | Promise<Judged> {
  if (message.type !== 'signed') return reject('unsigned')
  const from = message.from.toString()
  if (from === facts.self) return { verdict: 'ignore', code: 'own', points: 0 }
  if (message.data.byteLength > spec.maxBytes) return reject('too-large')
  if (!facts.authors.take(from, 1, facts.nowMs)) {
    return { verdict: 'ignore', code: 'rate', points: source === from ? RATE_POINTS : 0 }
  }
  let decoded: M
  try {
    decoded = spec.decode(message.data)
  } catch {
    return reject('undecodable')
  }
  const failed = (error: unknown): Judged => {
    facts.log.error('judgement of a message failed', { topic: spec.topic, from, error })
    return { verdict: 'ignore', code: 'internal', points: 0 }
  }
  try {
    const verdict = spec.judge?.(decoded, from) ?? { verdict: 'accept' as const }
    return verdict instanceof Promise ? verdict.then((settled) => toJudged(settled, decoded), failed) : toJudged(verdict, decoded)
  } catch (error) {
    return failed(error)
  }
}

function reject(code: string): Judged {
  return { verdict: 'reject', code, points: REJECT_POINTS }
}

function toJudged(verdict: Verdict, message: unknown): Judged {
  if (verdict.verdict === 'accept') return { verdict: 'accept', message }
  return { ...verdict, points: verdict.verdict === 'reject' ? REJECT_POINTS : 0 }
}
