import type { Temper } from './queue-node.ts'
import { createRandom, type Random } from './random.ts'
import type { NetworkModel } from './simulator.ts'

export type Fault =
  | { kind: 'crash'; peer: number; atMs: number; backMs: number | undefined }
  | { kind: 'freeze'; peer: number; atMs: number; forMs: number }
  | { kind: 'partition'; split: number; atMs: number; forMs: number }
  | { kind: 'one-way'; from: number; to: number; atMs: number; forMs: number }
  | { kind: 'deaf'; peer: number; atMs: number; forMs: number }
  | { kind: 'reopen'; items: number[]; atMs: number }
  | { kind: 'join'; peer: number; atMs: number }

/** One world, all of it from one seed. */
export interface Scenario {
  seed: number
  peers: number
  tempers: Temper[]
  n: number
  workers: number
  workMs: [number, number]
  network: NetworkModel
  noticeMs: number
  stubborn: boolean
  faults: Fault[]
  /** When the last fault ends and the world turns calm. */
  calmMs: number
}

const FAULTS_UNTIL_MS = 12_000

export function scenarioOf(seed: number): Scenario {
  const random = createRandom(seed)
  // Most worlds are small: there the odd interleavings are found. Some are as large as a channel gets.
  const peers = random.chance(0.85) ? random.int(2, 6) : random.int(7, 20)
  const lossy = random.chance(0.5)
  const network: NetworkModel = {
    lossChance: lossy ? random.next() * 0.2 : 0,
    duplicateChance: random.chance(0.3) ? random.next() * 0.3 : 0,
    minDelayMs: 1,
    maxDelayMs: random.pick([2, 10, 40, 150]),
  }
  const workMs = random.pick<[number, number]>([
    [0, 0],
    [1, 10],
    [20, 80],
    [200, 600],
    [500, 9_000],
  ])
  const n = random.int(1, workMs[1] > 1_000 ? 3 * peers : random.pick([4, 20, 60]))
  const faults = Array.from({ length: random.pick([0, 1, 2, 4, 8]) }, () => faultOf(random, peers, n))
  const tempers = Array.from({ length: peers }, (_, peer): Temper => {
    if (peer === 0 || !random.chance(0.06)) return 'honest'
    return random.pick<Temper>(['hoarder', 'lazy', 'silent'])
  })
  const calmMs = Math.max(
    0,
    ...faults.map((fault) => fault.atMs + ('forMs' in fault ? fault.forMs : 'backMs' in fault ? (fault.backMs ?? 0) : 0)),
  )
  const noticeMs = random.pick([1, 100, 3_000])
  return { seed, peers, tempers, n, workers: random.int(1, 2), workMs, network, noticeMs, stubborn: random.chance(0.5), faults, calmMs }
}

function faultOf(random: Random, peers: number, n: number): Fault {
  const peer = random.int(0, peers - 1)
  const atMs = random.int(0, FAULTS_UNTIL_MS)
  const forMs = random.pick([100, 800, 2_500, 7_000, 15_000])
  switch (random.int(0, 7)) {
    case 0:
    case 1:
      // The first peer always comes back, so that somebody honest is there to finish.
      return { kind: 'crash', peer, atMs, backMs: peer === 0 || random.chance(0.5) ? forMs : undefined }
    case 2:
      return { kind: 'freeze', peer, atMs, forMs }
    case 3:
    case 4:
      return { kind: 'partition', split: random.int(1, peers - 1), atMs, forMs }
    case 5:
      return { kind: 'one-way', from: peer, to: (peer + random.int(1, peers - 1)) % peers, atMs, forMs }
    case 6:
      return random.chance(0.5) ? { kind: 'deaf', peer, atMs, forMs } : { kind: 'join', peer, atMs }
    default:
      return { kind: 'reopen', items: Array.from({ length: random.int(1, 3) }, () => random.int(0, n - 1)), atMs }
  }
}
