import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { BadMultiaddrError } from './errors.ts'

/** How far an address reaches. `name` is a DNS name, `relay` goes through another peer. */
export type Scope = 'loopback' | 'private' | 'public' | 'name' | 'relay' | 'never'

/** Longer ones are no addresses: a relayed /dns address with two peer ids has about 200 characters. */
export const MAX_ADDRESS_LENGTH = 400

/** Throws BadMultiaddrError. */
export function parseMultiaddr(text: string): Multiaddr {
  if (text.length > MAX_ADDRESS_LENGTH) throw new BadMultiaddrError(text)
  try {
    return multiaddr(text)
  } catch (error) {
    throw new BadMultiaddrError(text, error)
  }
}

/** The id of the peer at the end of the address; undefined where it names none. */
export function peerOf(address: Multiaddr): string | undefined {
  return address.getComponents().findLast(({ name }) => name === 'p2p')?.value
}

/** The id of the peer that an address leads through; undefined where it leads through none. */
export function relayOf(address: Multiaddr): string | undefined {
  const components = address.getComponents()
  const circuit = components.findIndex(({ name }) => name === 'p2p-circuit')
  return components.slice(0, Math.max(0, circuit)).findLast(({ name }) => name === 'p2p')?.value
}

/** The host of the address: an IP address or a name. */
export function hostOf(address: Multiaddr): string | undefined {
  return address.getComponents()[0]?.value
}

export function scopeOf(address: Multiaddr): Scope {
  const components = address.getComponents()
  if (components.some(({ name }) => name === 'p2p-circuit')) return 'relay'
  const [first] = components
  if (first?.name === 'ip4') return scopeOfIp4(first.value ?? '')
  if (first?.name === 'ip6') return scopeOfIp6((first.value ?? '').toLowerCase())
  return first?.name.startsWith('dns') ? 'name' : 'never'
}

function scopeOfIp4(ip: string): Scope {
  const [a = 0, b = 0] = ip.split('.').map(Number)
  if (a === 127) return 'loopback'
  if (a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 100 && b >= 64 && b < 128)) return 'private'
  // 0/8 is this host, 169.254/16 link-local with the clouds' metadata services, 224/3 multicast and reserved.
  return a === 0 || a >= 224 || (a === 169 && b === 254) ? 'never' : 'public'
}

function scopeOfIp6(ip: string): Scope {
  if (ip === '::1') return 'loopback'
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(ip)
  if (mapped) return scopeOfIp4(mapped[1] as string)
  if (/^f[cd]/.test(ip)) return 'private'
  // ::/16 holds mapped and compatible addresses in hexadecimal, fe80::/10 is link-local, ff00::/8 multicast.
  return ip.startsWith('::') || /^fe[89ab]/.test(ip) || ip.startsWith('ff') ? 'never' : 'public'
}

/**
 * Whether an address that `teller` told us may be dialled: nobody from outside sends us to our own machine or network, nobody
 * to a name (it may resolve to anything). Where a relayed address leads is the relay's matter.
 */
export function mayDial(told: Scope, teller: Scope): boolean {
  if (told === 'public' || told === 'relay') return true
  if (told === 'private') return teller === 'private' || teller === 'loopback'
  return told === 'loopback' && teller === 'loopback'
}
