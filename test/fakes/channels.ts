import { ChannelClosedError, ChannelMessageTooLargeError, ChannelSpecError } from '../../src/network/errors.ts'
import type { Channel, ChannelSpec, Channels, PeerId, Verdict } from '../../src/ports.ts'
import type { FakeWorld } from './network.ts'

/** One peer in one topic, as the others see it. */
export interface FakeMember {
  self: PeerId
  receive(bytes: Uint8Array, from: PeerId): Promise<void>
  /** Tells the listeners who joined and who left since the last look. */
  lookAround(): void
}

/** Gossip as a flood: each member gets each message once (or as often as the faults say), judged before it is delivered. */
export function createFakeChannels(world: FakeWorld, self: PeerId, counts: { published: number }) {
  const joined = new Map<string, () => void>()
  const channels: Channels = {
    async join(spec, { signal } = {}) {
      signal?.throwIfAborted()
      if (joined.has(spec.topic)) throw new ChannelSpecError(spec.topic, 'a topic that is not joined yet', spec.topic)
      const { channel, leave } = joinTopic(world, self, spec, counts, () => joined.delete(spec.topic))
      joined.set(spec.topic, leave)
      return channel
    },
  }
  return {
    channels,
    leaveAll() {
      for (const leave of joined.values()) leave()
    },
  }
}

function joinTopic<M>(world: FakeWorld, self: PeerId, spec: ChannelSpec<M>, counts: { published: number }, onLeft: () => void) {
  const listeners = new Set<(message: M, from: PeerId) => void>()
  const watchers = new Set<(peer: PeerId, change: 'joined' | 'left') => void>()
  const members = world.topics.get(spec.topic) ?? []
  world.topics.set(spec.topic, members)
  let seen = new Set<PeerId>()
  let open = true

  const others = () => members.filter((member) => member.self !== self && world.connected(self, member.self))

  const judge = async (bytes: Uint8Array, from: PeerId): Promise<{ message: M } | undefined> => {
    try {
      const message = spec.decode(bytes)
      const { verdict }: Verdict = (await spec.judge?.(message, from)) ?? { verdict: 'accept' }
      return verdict === 'accept' ? { message } : undefined
    } catch {
      // Undecodable, or a bug of the judge: not delivered either way.
      return undefined
    }
  }

  const member: FakeMember = {
    self,
    async receive(bytes, from) {
      const judged = open && bytes.length <= spec.maxBytes ? await judge(bytes, from) : undefined
      if (!judged || !open) return
      for (const listener of listeners) {
        try {
          listener(judged.message, from)
        } catch {
          // One listener's bug is not another's.
        }
      }
    },
    lookAround() {
      const now = new Set(others().map((other) => other.self))
      const before = seen
      seen = now
      for (const peer of now) if (!before.has(peer)) for (const watcher of watchers) watcher(peer, 'joined')
      for (const peer of before) if (!now.has(peer)) for (const watcher of watchers) watcher(peer, 'left')
    },
  }

  const leave = () => {
    if (!open) return
    open = false
    members.splice(members.indexOf(member), 1)
    onLeft()
    for (const other of members) other.lookAround()
  }

  const channel: Channel<M> = {
    topic: spec.topic,
    async publish(message) {
      if (!open) throw new ChannelClosedError(spec.topic)
      const bytes = spec.encode(message)
      if (bytes.length > spec.maxBytes)
        throw new ChannelMessageTooLargeError({ topic: spec.topic, bytes: bytes.length, maxBytes: spec.maxBytes })
      counts.published++
      for (const other of others()) carry(world, bytes, self, other)
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    peers: () => others().map((other) => other.self),
    onPeer(listener) {
      watchers.add(listener)
      return () => watchers.delete(listener)
    },
    async close() {
      leave()
    },
  }
  members.push(member)
  for (const each of members) each.lookAround()
  return { channel, leave }
}

function carry(world: FakeWorld, bytes: Uint8Array, from: PeerId, to: FakeMember): void {
  const { dropRate, duplicateRate, maxDelayMs } = world.faults
  if (world.random() < dropRate) return
  const copies = world.random() < duplicateRate ? 2 : 1
  for (let copy = 0; copy < copies; copy++) {
    const arrive = () => (world.connected(from, to.self) ? to.receive(bytes.slice(), from) : undefined)
    const delayed = maxDelayMs > 0 ? world.clock.sleep(world.random() * maxDelayMs) : Promise.resolve()
    void delayed.then(arrive)
  }
}
