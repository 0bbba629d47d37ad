import type { Connection } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { hostOf, relayOf, scopeOf } from './addresses.ts'

/**
 * The part of the Internet that one owner gets cheaply, as text: a /24 of IPv4, a /48 of IPv6. Undefined where it says nothing about owners: this machine,
 * a private network, a name, an address behind a relay.
 */
export function subnetOf(address: Multiaddr): string | undefined {
  if (scopeOf(address) !== 'public') return undefined
  const host = hostOf(address) as string
  const ip4 = /^(\d+\.\d+\.\d+)\.\d+$/.exec(host)
  return ip4 ? `${ip4[1]}.0/24` : `${firstGroups(host.toLowerCase(), 3)}::/48`
}

/** Relays are many, and say nothing of who is behind them: all who come that way share one place. With a slash, as the others. */
const RELAYED = 'relay/0'

/** The network that a peer with these connections comes from, as text; undefined where it says nothing about owners. */
export function sourceOf(connections: readonly Pick<Connection, 'remoteAddr'>[]): string | undefined {
  const addresses = connections.map(({ remoteAddr }) => remoteAddr)
  const subnet = addresses.map(subnetOf).find((found) => found !== undefined)
  return subnet ?? (addresses.length > 0 && addresses.every((address) => scopeOf(address) === 'relay') ? RELAYED : undefined)
}

/** The first groups of an IPv6 address, with the zeros that `::` stands for, and none before a digit. */
function firstGroups(ip: string, count: number): string {
  const [head = '', tail] = ip.split('::')
  const groups = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  while (tail !== undefined && groups.length + after.length < 8) groups.push('0')
  return [...groups, ...after]
    .slice(0, count)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')
}

export interface SubnetSlotsInit {
  /** Outbound connections into one subnet, those being dialled included. */
  maxOutboundPerSubnet: number
  /** All connections open now. */
  connections(): readonly Connection[]
}

/** The slots for connections that others talk us into. What we dial of our own accord counts, and is never refused. */
export interface SubnetSlots {
  /** Of the addresses of one peer those that may be dialled; `done` is to be called when the dial has ended. */
  take(addresses: readonly Multiaddr[]): { addresses: Multiaddr[]; done: () => void }
}

export function createSubnetSlots({ maxOutboundPerSubnet, connections }: SubnetSlotsInit): SubnetSlots {
  const dialling = new Map<string, number>()
  const count = (subnet: string, by: number) => {
    const sum = (dialling.get(subnet) ?? 0) + by
    if (sum === 0) dialling.delete(subnet)
    else dialling.set(subnet, sum)
  }
  // Who relays can invent whom it relays to, so that these count as its own.
  const placeOf = (address: Multiaddr) => {
    const relay = relayOf(address)
    const via = relay && connections().find(({ remotePeer }) => remotePeer.toString() === relay)
    return subnetOf(via ? via.remoteAddr : address)
  }
  const used = (subnet: string) => {
    const open = connections().filter(({ direction, remoteAddr }) => direction === 'outbound' && placeOf(remoteAddr) === subnet)
    return open.length + (dialling.get(subnet) ?? 0)
  }
  return {
    take(addresses) {
      const free = addresses.filter((address) => {
        const subnet = placeOf(address)
        return subnet === undefined || used(subnet) < maxOutboundPerSubnet
      })
      const subnets = new Set(free.map(placeOf).filter((subnet) => subnet !== undefined))
      for (const subnet of subnets) count(subnet, 1)
      let isDone = false
      const done = () => {
        if (isDone) return
        isDone = true
        for (const subnet of subnets) count(subnet, -1)
      }
      return { addresses: free, done }
    },
  }
}
