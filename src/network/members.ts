import type { Libp2p } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { z } from 'zod'
import type { Logger } from '../log.ts'
import type { PeerId, StreamSpec, Streams } from '../ports.ts'
import { defineMessage } from '../protocol/codec.ts'
import { MAX_ADDRESS_LENGTH, mayDial, peerOf, relayOf, type Scope, scopeOf } from './addresses.ts'
import type { SubnetSlots } from './subnets.ts'
import { TokenBuckets } from './token-bucket.ts'
import { MAX_TOPIC_LENGTH } from './topic-policy.ts'

/** Gossipsub's mesh wants 6 (D) and at most 12; a few more for those that do not answer. */
const MAX_MEMBERS = 16
const MAX_ADDRESSES_PER_MEMBER = 4
/** Of these so many through relays: of a peer that nobody can dial its own addresses are of no use. */
const MAX_RELAYED_PER_MEMBER = 2
/** A question takes 6.5 ms on a LAN; a silent peer must not delay a join. */
const ASK_TIMEOUT_MS = 1_000
const DIAL_TIMEOUT_MS = 3_000
/** A join asks once a peer, a refresh once in 10 s for a topic; a hundred topics at once are a restart. */
const QUESTIONS = { perSecond: 20, burst: 200, maxKeys: 1024 }

export const membersSpec: StreamSpec = {
  protocol: '/minga/members/1',
  maxRequestBytes: 512,
  maxFrameBytes: 32 * 1024,
  maxResponseBytes: 32 * 1024,
  idleTimeoutMs: ASK_TIMEOUT_MS,
  totalTimeoutMs: ASK_TIMEOUT_MS,
  maxConcurrent: 16,
}

export const membersRequest = defineMessage(z.strictObject({ topic: z.string().max(MAX_TOPIC_LENGTH) }), { maxBytes: 512, maxDepth: 2 })
export const membersReply = defineMessage(
  z.strictObject({ members: z.array(z.array(z.string().max(MAX_ADDRESS_LENGTH)).max(MAX_ADDRESSES_PER_MEMBER)).max(MAX_MEMBERS) }),
  { maxBytes: 32 * 1024, maxDepth: 4 },
)

export interface MembersComponents {
  libp2p: Pick<Libp2p, 'peerStore' | 'dial' | 'getConnections' | 'peerId'>
  streams: Streams
  slots: SubnetSlots
  /** Peers known to be subscribed to the topic. */
  subscribersOf(topic: string): PeerId[]
  nowMs(): number
  log: Logger
}

export interface Members {
  /** Asks `peers` who is in the topic and dials those found; gives the number of members connected. Never throws. */
  meet(topic: string, peers: PeerId[], signal: AbortSignal): Promise<number>
  stop(): Promise<void>
}

/** The members protocol: topic → addresses of peers that are in it. Mesh links form only over existing connections, so dial first. */
export async function createMembers(components: MembersComponents): Promise<Members> {
  const { libp2p, streams, log } = components
  const questions = new TokenBuckets(QUESTIONS)

  const stopServing = await streams.serve(membersSpec, async function* (request, { from }) {
    if (!questions.take(from, 1, components.nowMs())) return
    const { topic } = membersRequest.decode(request)
    yield membersReply.encode({ members: await knownMembers(components, topic, from) })
  })

  async function ask(topic: string, peer: PeerId, signal: AbortSignal): Promise<Multiaddr[][]> {
    for await (const frame of streams.request(peer, membersSpec, membersRequest.encode({ topic }), { signal })) {
      return dialable(libp2p, membersReply.decode(frame).members, tellerScope(libp2p, peer))
    }
    return []
  }

  async function askAndDial(topic: string, peer: PeerId, asked: Set<string>, signal: AbortSignal): Promise<number> {
    const found = await ask(topic, peer, signal).catch((error: unknown) => {
      log.debug('no answer about members', { topic, peer, error: String(error) })
      return []
    })
    const dials = found.map(async (addresses) => {
      const member = peerOf(addresses[0] as Multiaddr) as string
      if (asked.has(member)) return false
      asked.add(member)
      return await dial(components, member, addresses, signal)
    })
    return (await Promise.all(dials)).filter(Boolean).length
  }

  return {
    async meet(topic, peers, signal) {
      const asked = new Set<string>()
      const counts = await Promise.all(peers.map((peer) => askAndDial(topic, peer, asked, signal)))
      return counts.reduce((sum, count) => sum + count, 0)
    },
    stop: stopServing,
  }
}

type Dialler = Pick<MembersComponents, 'libp2p' | 'slots' | 'log'>

async function dial(dialler: Dialler, member: PeerId, addresses: Multiaddr[], signal: AbortSignal): Promise<boolean> {
  if (dialler.libp2p.getConnections(peerIdFromString(member)).length > 0) return true
  const direct = addresses.filter((address) => !isRelayed(address))
  // One after the other, each with its own time: a firewall answers nothing.
  return (await dialAny(dialler, direct, signal)) || dialAny(dialler, addresses.filter(isRelayed), signal)
}

async function dialAny({ libp2p, slots, log }: Dialler, addresses: Multiaddr[], signal: AbortSignal): Promise<boolean> {
  const slot = slots.take(addresses)
  try {
    if (slot.addresses.length === 0) return false
    const { remoteAddr } = await libp2p.dial(slot.addresses, { signal: AbortSignal.any([signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)]) })
    log.debug('member connected', { address: remoteAddr.toString(), relayed: isRelayed(remoteAddr) })
    return true
  } catch {
    return false
  } finally {
    slot.done()
  }
}

function tellerScope(libp2p: MembersComponents['libp2p'], peer: PeerId): Scope {
  const [connection] = libp2p.getConnections(peerIdFromString(peer))
  return connection === undefined ? 'public' : scopeOf(connection.remoteAddr)
}

/** Drops what is no address of one other peer, or leads where the teller has no business to send us. */
function dialable(libp2p: MembersComponents['libp2p'], members: string[][], teller: Scope): Multiaddr[][] {
  const self = libp2p.peerId.toString()
  // A relay that we do not know would be dialled first, wherever its address leads.
  const hasRelay = (address: Multiaddr) => libp2p.getConnections().some(({ remotePeer }) => remotePeer.toString() === relayOf(address))
  const isAllowed = (address: Multiaddr) => (isRelayed(address) ? hasRelay(address) : mayDial(scopeOf(address), teller))
  return members
    .map((addresses) => {
      const parsed = addresses.flatMap(tryParse).filter(isAllowed)
      const [first] = parsed
      const peer = first && peerOf(first)
      return peer === undefined || peer === self ? [] : parsed.filter((address) => peerOf(address) === peer)
    })
    .filter((addresses) => addresses.length > 0)
}

const isRelayed = (address: Multiaddr) => scopeOf(address) === 'relay'

function tryParse(text: string): Multiaddr[] {
  try {
    return [multiaddr(text)]
  } catch {
    return []
  }
}

async function knownMembers({ libp2p, subscribersOf }: MembersComponents, topic: string, asker: PeerId): Promise<string[][]> {
  const others = subscribersOf(topic).filter((peer) => peer !== asker)
  const members: string[][] = []
  for (const peer of sample(others, MAX_MEMBERS)) {
    const known = await libp2p.peerStore.get(peerIdFromString(peer)).catch(() => undefined)
    // Signed addresses first: the peer itself vouches for them.
    const sorted = (known?.addresses ?? []).toSorted((a, b) => Number(b.isCertified) - Number(a.isCertified))
    const short = sorted.filter(({ multiaddr: address }) => withPeer(address, peer).length <= MAX_ADDRESS_LENGTH)
    const relayed = short.filter(({ multiaddr: address }) => scopeOf(address) === 'relay').slice(0, MAX_RELAYED_PER_MEMBER)
    const direct = short
      .filter(({ multiaddr: address }) => scopeOf(address) !== 'relay')
      .slice(0, MAX_ADDRESSES_PER_MEMBER - relayed.length)
    if (short.length > 0) members.push([...direct, ...relayed].map(({ multiaddr: address }) => withPeer(address, peer)))
  }
  return members
}

function withPeer(address: Multiaddr, peer: PeerId): string {
  return peerOf(address) === peer ? address.toString() : `${address}/p2p/${peer}`
}

function sample<T>(items: readonly T[], count: number): T[] {
  const pool = [...items]
  for (let index = 0; index < Math.min(count, pool.length); index++) {
    const other = index + Math.floor(Math.random() * (pool.length - index))
    ;[pool[index], pool[other]] = [pool[other] as T, pool[index] as T]
  }
  return pool.slice(0, count)
}
