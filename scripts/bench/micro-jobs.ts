import { type BullFigures, hasBullMq, measureBullMq } from './bullmq.ts'
import { sharedNowMs } from './child.ts'
import type { BenchOptions, Figure, FigureDefinition, Row } from './figure.ts'
import { type QueueCrew, startQueueCrew } from './queue-crew.ts'
import type { WorkDone } from './queue-peer.ts'
import { type Redis, startRedis } from './redis.ts'

interface OwnFigures {
  perSecond: number
  /** CPU of all peers for one MicroJob. */
  cpuMicros: number
  /** MicroJobs done more than once, of all. */
  twice: number
}

interface Measured {
  count: number
  own: OwnFigures[]
  /** One job at a time in a worker, as a peer with one device works. */
  bull: BullFigures[] | undefined
  /** 32 jobs at a time in a worker, which spares most of its round trips. */
  bullWide: BullFigures[] | undefined
}

/**
 * Figure 1: what the queue and the log cost when the work itself is nothing. Every peer takes MicroJobs, and signs, stores and gossips a commit for
 * each; a round ends when every peer holds all commits, checked and on its disk. BullMQ does the same with a server in the middle.
 */
export const microJobs: FigureDefinition = {
  id: 1,
  title: 'MicroJobs without work: queue and log of so many peer processes',
  async measure(options): Promise<Omit<Figure, 'id' | 'title'>> {
    const { redis, skipped } = await findRival()
    try {
      const measured: Measured[] = []
      for (const count of options.quick ? [2] : [2, 5, 10]) measured.push(await measureCount(count, redis, options))
      return {
        rows: measured.flatMap(rowsOf),
        notes: notesOn(measured, redis),
        ...(skipped !== undefined && { skipped }),
      }
    } finally {
      await redis?.stop()
    }
  },
}

async function findRival(): Promise<{ redis?: Redis; skipped?: string }> {
  if (!hasBullMq()) return { skipped: 'BullMQ: its Redis client (`ioredis`) is not installed' }
  const redis = await startRedis()
  return redis === undefined ? { skipped: 'BullMQ: no `redis-server` on the PATH (`apt-get install redis-server`)' } : { redis }
}

async function measureCount(count: number, redis: Redis | undefined, options: BenchOptions): Promise<Measured> {
  const { quick, profiles, onProgress } = options
  const n = quick ? 200 : 4096
  const rounds = quick ? 1 : 5
  const warmUp = quick ? 0 : WARM_UP_ROUNDS
  const own = await measureOwn(count, { n, rounds, warmUp }, profiles)
  onProgress(`${count} peers: ${own.map(({ cpuMicros }) => Math.round(cpuMicros)).join(', ')} µs a MicroJob`)
  const rival = (concurrency: number) => redis && measureBullMq(redis, { workers: count, concurrency, n, rounds, warmUp })
  const bull = await rival(1)
  const bullWide = await rival(32)
  if (bull && bullWide) onProgress(`BullMQ: ${[...bull, ...bullWide].map(({ cpuMicros }) => Math.round(cpuMicros)).join(', ')} µs a job`)
  return { count, own, bull, bullWide }
}

/** The compilers of so many fresh processes take as long as a few thousand MicroJobs: rounds that are thrown away, on both sides. */
const WARM_UP_ROUNDS = 4

async function measureOwn(
  count: number,
  { n, rounds, warmUp }: { n: number; rounds: number; warmUp: number },
  profiles: string | undefined,
): Promise<OwnFigures[]> {
  const crew = await startQueueCrew(count, { profiles })
  try {
    const figures: OwnFigures[] = []
    for (let round = -warmUp; round < rounds; round++) {
      const figure = await measureRound(crew, n)
      if (round >= 0) figures.push(figure)
    }
    return figures
  } finally {
    await crew.stop()
  }
}

async function measureRound(crew: QueueCrew, n: number): Promise<OwnFigures> {
  await crew.openQueue(n)
  const before = await crew.cpuMicros()
  const startedMs = sharedNowMs()
  const done = await Promise.all(crew.peers.map(({ child }) => child.ask<WorkDone>('workOff')))
  const cpu = (await crew.cpuMicros()) - before
  const ms = Math.max(...done.map(({ finishedMs }) => finishedMs)) - startedMs
  const executed = done.reduce((sum, each) => sum + each.executed, 0)
  return { perSecond: (n / ms) * 1000, cpuMicros: cpu / n, twice: executed / n - 1 }
}

function rowsOf({ count, own, bull, bullWide }: Measured): Row[] {
  const cpu = own.map(({ cpuMicros }) => cpuMicros)
  const rate = own.map(({ perSecond }) => perSecond)
  const cpuOf = (what: string, rival: BullFigures[]) => ({ what, unit: 'µs', measured: rival.map(({ cpuMicros }) => cpuMicros) })
  const rateOf = (what: string, rival: BullFigures[]) => ({ what, unit: '/s', measured: rival.map(({ perSecond }) => perSecond) })
  return [
    {
      what: `CPU a MicroJob, ${count} peers`,
      unit: 'µs',
      measured: cpu,
      ...(bull && { limit: cpuOf('BullMQ, one job at a time', bull) }),
      ...(count === 2 && bull && { target: { of: 'ratio', is: '<=', value: 1 } as const }),
    },
    ...(bullWide
      ? [{ what: `CPU a MicroJob, ${count} peers`, unit: 'µs', measured: cpu, limit: cpuOf('BullMQ, 32 jobs at a time', bullWide) }]
      : []),
    {
      what: `MicroJobs a second, ${count} peers`,
      unit: '/s',
      measured: rate,
      ...(bull && { limit: rateOf('BullMQ, one job at a time', bull) }),
      ...(count === 10 && { target: { of: 'measured', is: '>=', value: 1000 } as const }),
    },
  ]
}

function notesOn(measured: readonly Measured[], redis: Redis | undefined): string[] {
  const twice = measured.map(({ count, own }) => `${count} peers ${(Math.max(...own.map((each) => each.twice)) * 100).toFixed(1)} %`)
  const notes = [
    'CPU is user and system time of all peers, or of all workers and Redis; what the listening requester of BullMQ takes is not counted.',
    `MicroJobs done twice, at most: ${twice.join(', ')}.`,
  ]
  if (redis !== undefined)
    notes.push(`Redis ${redis.version} on a Unix socket, append-only file synced every second; its jobs were added before the clock ran.`)
  return notes
}
