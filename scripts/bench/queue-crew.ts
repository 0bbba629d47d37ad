import { randomBytes } from 'node:crypto'
import type { QueueSettings } from '../../src/job/queue.ts'
import { type BenchChild, type BenchChildInit, startChild } from './child.ts'
import type { OpenQueue } from './queue-peer.ts'

/** Peers of the queue's figures in processes of their own, all connected with each other on 127.0.0.1. */
export interface QueueCrew {
  readonly peers: readonly { child: BenchChild; self: string }[]
  /** A new queue of `n` MicroJobs, open at all peers; the first owns it. */
  openQueue(n: number, settings?: Partial<QueueSettings>): Promise<void>
  /** CPU time of all peers so far, in µs. */
  cpuMicros(): Promise<number>
  stop(): Promise<void>
}

export async function startQueueCrew(count: number, init: BenchChildInit = {}): Promise<QueueCrew> {
  const jobId = `0${randomBytes(31).toString('hex').slice(1)}`
  const children = Array.from({ length: count }, () => startChild('queue-peer.ts', init))
  let macro = 0
  const stop = async () => void (await Promise.all(children.map((child) => child.stop())))
  try {
    const started = await Promise.all(children.map((child) => child.ask<{ self: string; address: string }>('start', { jobId })))
    const addresses = started.map(({ address }) => address)
    for (const [index, child] of children.entries()) await child.ask('dial', addresses.slice(0, index))
    return {
      peers: children.map((child, index) => ({ child, self: started[index]!.self })),
      async openQueue(n, settings = {}) {
        const queue = { jobId, macro: macro++, n, others: count - 1, settings }
        await Promise.all(children.map((child, index) => child.ask('openQueue', { ...queue, creator: index === 0 } satisfies OpenQueue)))
      },
      async cpuMicros() {
        const each = await Promise.all(children.map((child) => child.cpuMicros()))
        return each.reduce((sum, micros) => sum + micros, 0)
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
