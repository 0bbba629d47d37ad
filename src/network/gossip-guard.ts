/**
 * Bounds that gossipsub 17 has no option for, laid around four of its methods. They are internals: `guardGossip` refuses to start where
 * one is missing, so an upgrade that moves them shows at once and in the tests.
 */
import type { Connection, PeerId as Libp2pPeerId } from '@libp2p/interface'
import type { NetworkLimits } from './limits.ts'
import type { Penalties } from './penalties.ts'
import { TokenBuckets } from './token-bucket.ts'
import { isTopic } from './topic-policy.ts'

export interface GossipRpc {
  subscriptions: { topic?: string; subscribe?: boolean }[]
  messages: { topic: string; data?: Uint8Array }[]
  control?: unknown
}

/** The part of gossipsub's class that its interface does not show. */
export interface GossipInternals {
  peers: Map<string, Libp2pPeerId>
  streamsOutbound: Map<string, unknown>
  /** By topic and peer, when there may be a mesh link again, in Unix milliseconds. */
  backoff: ReadonlyMap<string, ReadonlyMap<string, number>>
  score: { rejectInvalidMessage(from: string, topic: string): void }
  getMeshPeers(topic: string): string[]
  handleReceivedRpc(from: Libp2pPeerId, rpc: GossipRpc): Promise<void>
  createOutboundStream(peer: Libp2pPeerId, connection: Connection): Promise<void>
  sendRpc(peer: string, rpc: GossipRpc): boolean
  onPeerConnected(peer: Libp2pPeerId, connection: Connection): void
  onPeerDisconnected(peer: Libp2pPeerId): void
}

/** A third of what the receiver takes in one RPC: one message of the largest size may come on top. */
const SPLIT_BYTES = 1024 * 1024
/** An invalid signature costs us a verification: ten of them graylist the sender. */
const INVALID_SIGNATURE_POINTS = 1.5
/** Gossipsub's default: below it a neighbour's RPCs are not read. */
const GRAYLIST_SCORE = -80
/** Who goes on sending to deaf ears is cut off after 200 messages. */
const GRAYLISTED_MESSAGE_POINTS = 0.5
/** A flood of 1,000 RPCs above the rate bans. */
const FLOOD_POINTS = 0.1

export interface GuardInit {
  limits: NetworkLimits
  penalties: Penalties
  nowMs: () => number
}

export function guardGossip(gossip: GossipInternals, { limits, penalties, nowMs }: GuardInit): void {
  const { peerMessagesPerSecond: perSecond } = limits
  assertInternals(gossip)
  limitRpcs(gossip, new TokenBuckets({ perSecond, burst: 2 * perSecond, maxKeys: 4096 }), penalties, nowMs)
  countInvalidSignatures(gossip, penalties)
  openStreamsInParallel(gossip)
  splitLargeRpcs(gossip)
}

function assertInternals(gossip: GossipInternals): void {
  const methods = ['handleReceivedRpc', 'createOutboundStream', 'sendRpc', 'onPeerConnected', 'onPeerDisconnected', 'getMeshPeers'] as const
  const found =
    methods.every((name) => typeof gossip[name] === 'function') &&
    typeof gossip.score?.rejectInvalidMessage === 'function' &&
    gossip.backoff instanceof Map
  if (!found) throw new TypeError('this version of @libp2p/gossipsub has other internals than the guard knows')
}

/** Drops RPCs above the neighbour's rate and those of the graylisted unread, and subscriptions to topics that are none of Minga's. */
function limitRpcs(gossip: GossipInternals, buckets: TokenBuckets, penalties: Penalties, nowMs: () => number): void {
  const handle = gossip.handleReceivedRpc.bind(gossip)
  gossip.handleReceivedRpc = async (from, rpc) => {
    const peer = from.toString()
    // A subscription costs a map entry, a message a signature: 16 to 1.
    const cost = 1 + rpc.messages.length + Math.ceil(rpc.subscriptions.length / 16)
    if (!buckets.take(peer, cost, nowMs())) {
      penalties.add(peer, FLOOD_POINTS * Math.min(cost, 100))
      return
    }
    if (penalties.score(peer) <= GRAYLIST_SCORE) {
      penalties.add(peer, GRAYLISTED_MESSAGE_POINTS * Math.min(rpc.messages.length, 100))
      return
    }
    rpc.subscriptions = rpc.subscriptions.filter(({ topic }) => isTopic(topic))
    rpc.messages = rpc.messages.filter(({ topic }) => isTopic(topic))
    await handle(from, rpc)
  }
}

/** Gossipsub counts them by topic score, which topics that come and go do not have. */
function countInvalidSignatures(gossip: GossipInternals, penalties: Penalties): void {
  gossip.score.rejectInvalidMessage = (from) => penalties.add(from, INVALID_SIGNATURE_POINTS)
}

/**
 * Gossipsub opens outbound streams one after another: three silent peers delay an honest newcomer by 60 s. Here only
 * the streams to one peer wait for each other, and at most two: the second for a connection that replaced the first.
 */
function openStreamsInParallel(gossip: GossipInternals): void {
  const create = gossip.createOutboundStream.bind(gossip)
  const opening = new Map<string, { done: Promise<void>; queued: boolean }>()
  gossip.createOutboundStream = async (peer, connection) => {
    const id = peer.toString()
    const current = opening.get(id)
    if (current?.queued) return
    const done = (current?.done ?? Promise.resolve()).then(() => create(peer, connection)).catch(() => {})
    const entry = { done, queued: current !== undefined }
    opening.set(id, entry)
    void done.then(() => {
      if (opening.get(id) === entry) opening.delete(id)
    })
  }
}

/** The reply to one IWANT carries all messages asked for, and may outgrow the RPC that a receiver takes: then it drops us. */
function splitLargeRpcs(gossip: GossipInternals): void {
  const send = gossip.sendRpc.bind(gossip)
  gossip.sendRpc = (peer, rpc) => {
    const [first = [], ...rest] = groupBySize(rpc.messages)
    if (rest.length === 0) return send(peer, rpc)
    const sent = send(peer, { ...rpc, messages: first })
    return rest.every((messages) => send(peer, { subscriptions: [], messages })) && sent
  }
}

function groupBySize(messages: GossipRpc['messages']): GossipRpc['messages'][] {
  const groups: GossipRpc['messages'][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const message of messages ?? []) {
    const size = message.data?.byteLength ?? 0
    if (bytes + size > SPLIT_BYTES) {
      groups.push([])
      bytes = 0
    }
    groups.at(-1)?.push(message)
    bytes += size
  }
  return groups
}
