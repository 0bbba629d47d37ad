import type { Libp2p } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Logger } from '../log.ts'
import { scopeOf } from './addresses.ts'
import { subnetOf } from './subnets.ts'

/** Fewer neighbours in one subnet are a small network; so many, and nobody else, are a crowd. */
const MIN_PEERS = 3
/** A peer that starts, or was cut off, needs a moment until it knows more than its first neighbours. */
const DEFAULT_SETTLE_MS = 10_000
/** Other subnets that are looked for among the peers we know. */
const MAX_KNOWN = 16

export interface EclipseAlarmInit {
  /** Addresses of ours to meet the network through. */
  bootstrap: readonly Multiaddr[]
  /** The state must last so long. @default 10 s */
  settleMs?: number
  log: Logger
}

export interface EclipseAlarm {
  /** The subnet that all connections lie in while others are known; undefined where all is well. */
  subnet(): string | undefined
  stop(): void
}

/**
 * Warns where all neighbours lie in one subnet of the Internet though we know peers in others: somebody may stand between us and everybody else. It says so
 * once, and once more when it is over. Networks that are private, or on one machine, give no alarm.
 */
export function watchForEclipse(libp2p: Libp2p, { bootstrap, settleMs = DEFAULT_SETTLE_MS, log }: EclipseAlarmInit): EclipseAlarm {
  let alarm: string | undefined
  let suspicion: { subnet: string; sinceMs: number } | undefined

  const look = async () => {
    const subnet = onlySubnet(libp2p)
    const others = subnet === undefined ? [] : await otherSubnets(libp2p, bootstrap, subnet)
    if (subnet === undefined || others.length === 0) {
      if (alarm !== undefined) log.info('connections lie in more than one subnet again', { subnet: alarm })
      alarm = undefined
      suspicion = undefined
      return
    }
    const nowMs = performance.now()
    if (suspicion?.subnet !== subnet) suspicion = { subnet, sinceMs: nowMs }
    if (alarm === subnet || nowMs - suspicion.sinceMs < settleMs) return
    alarm = subnet
    log.warn(
      'all connections lie in one subnet, though peers in others are known: somebody may be keeping you from the rest of the network',
      {
        subnet,
        connections: libp2p.getPeers().length,
        unreached: others,
        hint: 'name bootstrap nodes of other owners with --bootstrap',
      },
    )
  }
  const timer = setInterval(
    () => void look().catch((error: unknown) => log.debug('could not look at the connections', { error })),
    settleMs / 4,
  )
  ;(timer as { unref?: () => void }).unref?.()
  return { subnet: () => alarm, stop: () => clearInterval(timer) }
}

/** The subnet that all neighbours are in; undefined where they are few, in several, or one is near. */
function onlySubnet(libp2p: Libp2p): string | undefined {
  // What comes through a relay says nothing about where its other end is.
  const direct = libp2p.getConnections().filter(({ remoteAddr }) => scopeOf(remoteAddr) !== 'relay')
  if (new Set(direct.map(({ remotePeer }) => remotePeer.toString())).size < MIN_PEERS) return undefined
  const subnets = new Set(direct.map(({ remoteAddr }) => subnetOf(remoteAddr)))
  const [subnet] = subnets
  return subnets.size === 1 ? subnet : undefined
}

async function otherSubnets(libp2p: Libp2p, bootstrap: readonly Multiaddr[], than: string): Promise<string[]> {
  const known = await libp2p.peerStore.all({ limit: 256 })
  const addresses = [...bootstrap, ...known.flatMap((peer) => peer.addresses.map(({ multiaddr }) => multiaddr))]
  const subnets = new Set(addresses.map(subnetOf).filter((subnet) => subnet !== undefined && subnet !== than))
  return [...(subnets as Set<string>)].slice(0, MAX_KNOWN)
}
