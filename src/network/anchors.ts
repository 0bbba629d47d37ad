import type { Libp2p, PeerId as Libp2pPeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Logger } from '../log.ts'
import type { PeerId } from '../ports.ts'
import { scopeOf } from './addresses.ts'
import { subnetOf } from './subnets.ts'

/** Who has been with us for so long is likely to be honest, and there again after a cut. */
const DEFAULT_ANCHOR_AFTER_MS = 60_000
/** As many as a mesh at its least. */
const MAX_ANCHORS = 4
const LOOK_MS = 5_000
/** Whom the connection manager closes last (libp2p: the value of a tag, at most 100). */
const TAG_VALUE = 100
const TAG = 'minga-anchor'
const FIRST_REDIAL_MS = 500
/** At this pause, about half an hour of calling. */
const MAX_REDIAL_MS = 30_000
const MAX_REDIALS = 64
const DIAL_TIMEOUT_MS = 10_000

export interface AnchorsInit {
  /** @default one minute */
  anchorAfterMs?: number
  /** Peers that are never let in again are not called. */
  isBanned(peer: PeerId): boolean
  log: Logger
}

export interface Anchors {
  peers(): PeerId[]
  stop(): void
}

/**
 * Keeps a few connections that have lasted, of different subnets: the connection manager closes them last, and who goes is called again. So whoever
 * floods us with peers of its own, or cuts us off for a while, does not get all our connections.
 */
export function keepAnchors(libp2p: Libp2p, { anchorAfterMs = DEFAULT_ANCHOR_AFTER_MS, isBanned, log }: AnchorsInit): Anchors {
  const stopping = new AbortController()
  const { signal } = stopping
  const anchors = new Map<PeerId, { subnet: string }>()
  const redialling = new Set<PeerId>()

  /** A subnet counts once; in a private network, and on this machine, each peer is one of its own. */
  const place = (peer: Libp2pPeerId): string | undefined => {
    const direct = libp2p.getConnections(peer).find(({ remoteAddr, limits }) => limits === undefined && scopeOf(remoteAddr) !== 'relay')
    return direct && (subnetOf(direct.remoteAddr) ?? peer.toString())
  }

  const look = async () => {
    const longSince = Date.now() - anchorAfterMs
    const oldest = libp2p.getConnections().toSorted((a, b) => a.timeline.open - b.timeline.open)
    for (const { remotePeer, timeline } of oldest) {
      if (anchors.size >= MAX_ANCHORS) return
      const peer = remotePeer.toString()
      const subnet = place(remotePeer)
      if (timeline.open > longSince || subnet === undefined || anchors.has(peer)) continue
      if ([...anchors.values()].some((anchor) => anchor.subnet === subnet) || !(await isCallable(libp2p, remotePeer))) continue
      anchors.set(peer, { subnet })
      log.debug('keeps an anchor', { peer, subnet })
      await libp2p.peerStore.merge(remotePeer, { tags: { [TAG]: { value: TAG_VALUE } } }).catch(() => {})
    }
  }

  const release = async (peer: PeerId) => {
    anchors.delete(peer)
    await libp2p.peerStore.merge(peerIdFromString(peer), { tags: { [TAG]: undefined } }).catch(() => {})
  }

  const call = async (peer: PeerId) => {
    if (redialling.has(peer)) return
    redialling.add(peer)
    const id = peerIdFromString(peer)
    let delayMs = FIRST_REDIAL_MS
    for (let tries = 0; tries < MAX_REDIALS && !signal.aborted && !isBanned(peer); tries++) {
      if (libp2p.getConnections(id).length > 0) break
      const isBack = await libp2p.dial(id, { signal: AbortSignal.any([signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)]) }).then(
        () => true,
        () => false,
      )
      if (isBack) break
      await pause(delayMs * (0.5 + Math.random()), signal)
      delayMs = Math.min(MAX_REDIAL_MS, 2 * delayMs)
    }
    redialling.delete(peer)
    if (!signal.aborted && libp2p.getConnections(id).length === 0) await release(peer)
  }

  const onDisconnect = ({ detail }: CustomEvent<Libp2pPeerId>) => {
    const peer = detail.toString()
    if (anchors.has(peer)) void call(peer)
  }
  libp2p.addEventListener('peer:disconnect', onDisconnect)
  const timer = setInterval(() => void look().catch(() => {}), Math.min(LOOK_MS, anchorAfterMs))
  ;(timer as { unref?: () => void }).unref?.()

  return {
    peers: () => [...anchors.keys()],
    stop() {
      clearInterval(timer)
      libp2p.removeEventListener('peer:disconnect', onDisconnect)
      stopping.abort(new DOMException('the network stops', 'AbortError'))
    },
  }
}

/** Whether we know where to call: a peer that only dials, such as a client, tells no address. */
async function isCallable(libp2p: Libp2p, peer: Libp2pPeerId): Promise<boolean> {
  const known = await libp2p.peerStore.get(peer).catch(() => undefined)
  return (known?.addresses.length ?? 0) > 0
}

function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, delayMs)
  const onAbort = () => resolve()
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) resolve()
  return promise.finally(() => {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  })
}
