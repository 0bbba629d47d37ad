import { systemClock } from '../../src/clock.ts'
import type { Channels, Clock, PeerId, Streams } from '../../src/ports.ts'
import { createFakeChannels, type FakeMember } from './channels.ts'
import { seededRandom } from './random.ts'
import { createFakeStreams, type FakeServer } from './streams.ts'

/** What may happen to a gossip message on its way to one receiver, and to a stream. Rates from 0 to 1. */
export interface Faults {
  dropRate: number
  duplicateRate: number
  /** Each copy takes a random time up to this, so messages overtake each other. 0 delivers in order, in the next microtasks. */
  maxDelayMs: number
  /** Streams that break at a random frame. */
  breakRate: number
}

export const NO_FAULTS: Faults = { dropRate: 0, duplicateRate: 0, maxDelayMs: 0, breakRate: 0 }

export interface FakePeer {
  self: PeerId
  channels: Channels
  streams: Streams
  /** Takes the peer off the network: its channels are left and its streams broken, as after a crash. */
  vanish(): void
}

/** What the fakes of one network share. */
export interface FakeWorld {
  readonly clock: Clock
  readonly random: () => number
  faults: Faults
  readonly topics: Map<string, FakeMember[]>
  readonly servers: Map<PeerId, Map<string, FakeServer>>
  connected(a: PeerId, b: PeerId): boolean
  readonly cuts: Set<() => void>
}

export interface FakeNetwork {
  faults: Faults
  /** Counts of gossip messages published, and of stream requests. */
  readonly counts: { published: number; requests: number; streamBytes: number }
  peer(self: PeerId): FakePeer
  /** Peers of different groups do not reach each other until `heal`. A peer in no group reaches nobody. */
  partition(...groups: PeerId[][]): void
  heal(): void
}

/** Channels and Streams between peers of one process; seeded, so that a run can be repeated where `clock` is virtual, too. */
export function createFakeNetwork({
  seed = 1,
  clock = systemClock,
  faults = NO_FAULTS,
}: {
  seed?: number
  clock?: Clock
  faults?: Faults
} = {}): FakeNetwork {
  let groups: PeerId[][] | undefined
  const counts = { published: 0, requests: 0, streamBytes: 0 }
  const world: FakeWorld = {
    clock,
    random: seededRandom(seed),
    faults,
    topics: new Map(),
    servers: new Map(),
    connected: (a, b) => groups === undefined || groups.some((group) => group.includes(a) && group.includes(b)),
    cuts: new Set(),
  }

  const regroup = (next: PeerId[][] | undefined) => {
    groups = next
    for (const members of world.topics.values()) for (const member of members) member.lookAround()
    for (const cut of world.cuts) cut()
  }

  return {
    counts,
    get faults() {
      return world.faults
    },
    set faults(next) {
      world.faults = next
    },
    peer(self) {
      const { channels, leaveAll } = createFakeChannels(world, self, counts)
      return {
        self,
        channels,
        streams: createFakeStreams(world, self, counts),
        vanish() {
          leaveAll()
          world.servers.delete(self)
          for (const cut of world.cuts) cut()
        },
      }
    },
    partition: (...next) => regroup(next),
    heal: () => regroup(undefined),
  }
}
