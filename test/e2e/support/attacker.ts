/** A stranger to one real peer process: bare libp2p, in the test's own process. */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { TestContext } from 'node:test'
import type { GossipSub } from '@libp2p/gossipsub'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { openStream, startGossiper } from '../../network/hostile.ts'
import type { Member } from './fault-network.ts'

export interface Attacker {
  readonly node: Libp2p
  readonly gossip: GossipSub
  readonly connection: Connection
  /** What the victim says that it speaks. */
  readonly protocols: readonly string[]
  /** What the victim is subscribed to, as far as it has told. */
  readonly topics: ReadonlySet<string>
  /** Resolves when the victim has told of a topic that `matches`. */
  topic(matches: (topic: string) => boolean): Promise<string>
  /** Publishes signed gossip; whether anybody takes it is their affair. */
  publish(topic: string, data: Uint8Array): Promise<void>
  /** Writes the bytes on a new stream and closes its writing side; whatever comes of it. */
  send(protocol: string, data: Uint8Array): Promise<void>
}

/** Connects to the victim and waits until it has introduced itself. */
export async function startAttacker(t: Pick<TestContext, 'after'>, victim: Pick<Member, 'peer' | 'addresses'>): Promise<Attacker> {
  const { node, gossip } = await startGossiper(t)
  const topics = new Set<string>()
  const waiting = new Set<() => void>()
  gossip.addEventListener('subscription-change', ({ detail }) => {
    if (detail.peerId.toString() !== victim.peer) return
    for (const { topic, subscribe } of detail.subscriptions) if (subscribe) topics.add(topic)
    for (const look of [...waiting]) look()
  })
  const introduced = new Promise<string[]>((resolve) => {
    node.addEventListener('peer:identify', ({ detail }) => detail.peerId.toString() === victim.peer && resolve(detail.protocols))
  })
  const connection = await node.dial(multiaddr(victim.addresses[0] as string))
  return {
    node,
    gossip,
    connection,
    protocols: await introduced,
    topics,
    topic: (matches) =>
      new Promise((resolve) => {
        const look = () => {
          const found = [...topics].find(matches)
          if (found === undefined) return
          waiting.delete(look)
          resolve(found)
        }
        waiting.add(look)
        look()
      }),
    async publish(topic, data) {
      await gossip.publish(topic, data).catch(() => {})
    },
    async send(protocol, data) {
      await write(connection, protocol, data).catch(() => {})
    },
  }
}

async function write(connection: Connection, protocol: string, data: Uint8Array): Promise<void> {
  const stream: Stream = await openStream(connection, protocol)
  stream.addEventListener('message', () => {})
  stream.send(data)
  await stream.close({ signal: AbortSignal.timeout(2000) })
}

/** Bytes that decoders trip over: random ones of many lengths, and what CBOR, protobuf and length prefixes are weak at. */
export function nastyBytes(): Uint8Array[] {
  const repeated = (byte: number, times: number) => new Uint8Array(times).fill(byte)
  const text = (value: string) => new TextEncoder().encode(value)
  const huge = Uint8Array.of(0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
  return [
    ...[0, 1, 2, 3, 7, 16, 64, 255, 256, 1000, 65_535, 300_000].map((length) => randomBytes(length)),
    // Arrays in arrays, an array and a map of 2^64 − 1 items, text of 2^32 − 1 bytes, an unending text.
    repeated(0x81, 60_000),
    huge,
    Uint8Array.of(0xbb, ...huge.subarray(1)),
    Uint8Array.of(0x7a, 0xff, 0xff, 0xff, 0xff),
    Uint8Array.of(0x7f, 0x61, 0x61),
    // {"__proto__": 1}, and the same as JSON.
    Uint8Array.of(0xa1, 0x69, ...text('__proto__'), 0x01),
    text('{"__proto__":{"type":"job-announced"},"constructor":{"prototype":1}}'),
    // Length prefixes without end, of 2^63, of 4 GiB, and one byte short of what follows.
    repeated(0xff, 20),
    Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01),
    Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x10, 0x00),
    Uint8Array.of(0x05, 0x01, 0x02, 0x03, 0x04),
    // Protobuf groups, nested.
    repeated(0x0b, 10_000),
  ]
}

/** The same message with single bytes changed, cut, and doubled. */
export function mutations(message: Uint8Array, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => {
    const changed = Uint8Array.from(message)
    const at = Math.floor(Math.random() * message.length)
    if (index % 4 === 3) return changed.subarray(0, at)
    if (index % 4 === 2) return new Uint8Array([...changed, ...changed.subarray(at)])
    changed[at] = (changed[at] as number) ^ (1 << (index % 8))
    return changed
  })
}

/** Memory of a process that lies in RAM, in MiB. */
export async function residentMib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024
}
