import { createRequire } from 'node:module'
import type { BullRound } from './bullmq-worker.ts'
import { type BenchChild, sharedNowMs, startChild } from './child.ts'
import type { Redis } from './redis.ts'

export interface BullFigures {
  perSecond: number
  /** CPU of the workers and of Redis for one job, in µs. */
  cpuMicros: number
}

export interface BullInit {
  /** Processes. */
  workers: number
  /** Jobs that one worker has in hand at once. */
  concurrency: number
  n: number
  rounds: number
  /** Rounds before these, thrown away: as many as the other side has. */
  warmUp: number
}

/** BullMQ has no Redis client of its own. */
export function hasBullMq(): boolean {
  try {
    createRequire(createRequire(import.meta.url).resolve('bullmq')).resolve('ioredis')
    return true
  } catch {
    return false
  }
}

/** Rounds of `n` jobs of no work. */
export async function measureBullMq(redis: Redis, init: BullInit): Promise<BullFigures[]> {
  const { concurrency, n, rounds, warmUp } = init
  const workers = Array.from({ length: init.workers }, () => startChild('bullmq-worker.ts'))
  const listener = startChild('bullmq-worker.ts')
  try {
    const figures: BullFigures[] = []
    for (let round = -warmUp; round < rounds; round++) {
      const figure = await measureRound(redis, workers, listener, {
        socket: redis.socket,
        queue: `bench-${init.workers}-${concurrency}-${warmUp + round}`,
        n,
        concurrency,
      })
      if (round >= 0) figures.push(figure)
    }
    return figures
  } finally {
    await Promise.all([...workers, listener].map((child) => child.stop()))
  }
}

async function measureRound(redis: Redis, workers: BenchChild[], listener: BenchChild, round: BullRound): Promise<BullFigures> {
  await listener.ask('fill', round)
  await listener.ask('listen', round)
  await Promise.all(workers.map((worker) => worker.ask('ready', round)))
  const before = await cpuOf(redis, workers, listener)
  const startedMs = sharedNowMs()
  await Promise.all(workers.map((worker) => worker.ask('run')))
  const { finishedMs } = await listener.ask<{ finishedMs: number }>('listened')
  const after = await cpuOf(redis, workers, listener)
  await Promise.all([...workers, listener].map((child) => child.ask('close')))
  const working = after.working - before.working
  return {
    perSecond: (round.n / (finishedMs - startedMs)) * 1000,
    cpuMicros: working / round.n,
  }
}

async function cpuOf(redis: Redis, workers: BenchChild[], listener: BenchChild): Promise<{ working: number; listening: number }> {
  const each = await Promise.all(workers.map((worker) => worker.cpuMicros()))
  const server = await redis.cpuMicros()
  return { working: each.reduce((sum, micros) => sum + micros, server), listening: await listener.cpuMicros() }
}
