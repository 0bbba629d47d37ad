import type { GossipSub } from '@libp2p/gossipsub'
import type { PeerId } from '../ports.ts'
import type { BootstrapKeeper } from './bootstrap.ts'
import type { GossipInternals } from './gossip-guard.ts'
import type { NetworkLimits } from './limits.ts'
import type { Members } from './members.ts'

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
export interface MeetingComponents {
  self: PeerId
  gossip: GossipSub & Pick<GossipInternals, 'getMeshPeers' | 'backoff'>
  members: Members
  limits: NetworkLimits
  keeper: Pick<BootstrapKeeper, 'anyConnected' | 'onConnected'>
  /** Peers worth asking who is in a topic, best first. */
  acquaintances(): PeerId[]
}

export interface Meeting {
  /** Finds and dials members of a topic just joined; resolves with the first mesh link, at the join timeout, or at once where nobody is found or may be linked. */
  meet(topic: string, meetAt: PeerId[], signal: AbortSignal): Promise<void>
  stop(): void
}

/** Brings the members of the topics in `open` together: at the join, shortly after it, when a bootstrap node is back, and now and then. */
export function createMeeting(components: MeetingComponents, open: ReadonlyMap<string, unknown>): Meeting {
  const { gossip, members } = components
  const stopping = new AbortController()
  const isLonely = (topic: string) => gossip.getSubscribers(topic).length < FEW_PEERS

  const meetAgain = (peer: PeerId, most: number) => {
    for (const topic of shuffled([...open.keys()].filter(isLonely)).slice(0, most)) void members.meet(topic, [peer], stopping.signal)
  }
  // A seed that is back knows who else is back: this is how the halves of a cut network meet again.
  const stopMeeting = components.keeper.onConnected((peer) => meetAgain(peer, MAX_MET_AGAIN))

  const refreshing = setInterval(() => {
    const [asked] = shuffled(components.acquaintances())
    if (asked !== undefined) meetAgain(asked, MAX_REFRESHED)
  }, jittered(REFRESH_MS))
  unref(refreshing)

  function followUp(topic: string, round: number): void {
    const delayMs = FOLLOW_UPS_MS[round]
    if (delayMs === undefined) return
    const timer = setTimeout(() => {
      if (stopping.signal.aborted || !open.has(topic) || !isLonely(topic)) return
      void members.meet(topic, components.acquaintances().slice(0, MAX_FOLLOW_UP_ASKED), stopping.signal)
      followUp(topic, round + 1)
    }, jittered(delayMs))
    unref(timer)
  }

  return {
    async meet(topic, meetAt, signal) {
      await meetMembers(components, topic, meetAt, AbortSignal.any([stopping.signal, signal]))
      followUp(topic, 0)
    },
    stop() {
      stopping.abort(new DOMException('the network stops', 'AbortError'))
      clearInterval(refreshing)
      stopMeeting()
    },
  }
}

function jittered(delayMs: number): number {
  return delayMs * (0.75 + Math.random() / 2)
}

/** Browsers' timers are numbers, and hold no process. */
function unref(timer: unknown): void {
  ;(timer as { unref?: () => void }).unref?.()
}

/** Asks who is in the topic, dials those found, and waits for the first mesh link or the join timeout. Alone it returns at once. */
async function meetMembers(components: MeetingComponents, topic: string, meetAt: PeerId[], signal: AbortSignal): Promise<void> {
  const { gossip, members, limits, keeper } = components
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(limits.joinTimeoutMs)])
  // A fresh node: its bootstrap nodes are the first to know anybody.
  if (components.acquaintances().length === 0) await keeper.anyConnected({ signal: deadline }).catch(() => {})
  const asked = [...new Set([...meetAt, ...components.acquaintances().slice(0, MAX_ASKED)])].filter((peer) => peer !== components.self)
  const found = await members.meet(topic, asked, deadline)
  if (found === 0 && gossip.getSubscribers(topic).length === 0) return
  await grafted(gossip, topic, deadline)
}

function grafted(gossip: MeetingComponents['gossip'], topic: string, deadline: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const check = () => {
    if (deadline.aborted || gossip.getMeshPeers(topic).length > 0 || mayLinkNobody(gossip, topic)) resolve()
  }
  gossip.addEventListener('gossipsub:graft', check)
  gossip.addEventListener('gossipsub:prune', check)
  deadline.addEventListener('abort', check)
  check()
  return promise.finally(() => {
    gossip.removeEventListener('gossipsub:graft', check)
    gossip.removeEventListener('gossipsub:prune', check)
    deadline.removeEventListener('abort', check)
  })
}

/** All members have asked for a pause, as they do of who has just left: no link comes soon, and what is published goes to each of them all the same. */
function mayLinkNobody(gossip: MeetingComponents['gossip'], topic: string): boolean {
  const members = gossip.getSubscribers(topic)
  return members.length > 0 && members.every((member) => gossip.backoff.get(topic)?.has(member.toString()))
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, rank: Math.random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item)
}
