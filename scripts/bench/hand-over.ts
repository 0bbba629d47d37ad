import type { Figure, FigureDefinition, Row } from './figure.ts'
import { type QueueCrew, startQueueCrew } from './queue-crew.ts'
import { quantile } from './stats.ts'

/** Requests that lie so far apart never share a grant, nor wait for one to share. */
const PAUSE_MS = 5

/**
 * Figure 2: how long a peer that wants a MicroJob waits until the queue is handed over to it, beside one request and answer on a new stream to
 * the same peer: no protocol over libp2p's streams can be faster.
 */
export const handOver: FigureDefinition = {
  id: 2,
  title: 'Hand-over of the queue: a MicroJob wanted → locked',
  async measure({ quick, profiles, onProgress }): Promise<Omit<Figure, 'id' | 'title'>> {
    const rows: Row[] = []
    for (const count of quick ? [2] : [2, 5]) {
      onProgress(`${count} peers`)
      const crew = await startQueueCrew(count, { profiles })
      try {
        rows.push(...(await measureRounds(crew, quick ? 1 : 5, quick ? 20 : 200)))
      } finally {
        await crew.stop()
      }
    }
    return {
      rows,
      notes: [
        'A request that comes alone is granted at once; those that come within 4 ms of a hand-over are collected for 1 ms and share one grant.',
      ],
    }
  },
}

async function measureRounds(crew: QueueCrew, rounds: number, times: number): Promise<Row[]> {
  const p50 = { measured: [] as number[], limit: [] as number[] }
  const p99 = { measured: [] as number[], limit: [] as number[] }
  // The first round warms up.
  for (let round = 0; round <= rounds; round++) {
    const handOvers = await handOverTimes(crew, times)
    const echoes = await crew.peers[0]!.child.ask<number[]>('echo', { to: crew.peers[1]!.self, times, pauseMs: PAUSE_MS })
    if (round === 0) continue
    p50.measured.push(quantile(handOvers, 0.5))
    p50.limit.push(quantile(echoes, 0.5))
    p99.measured.push(quantile(handOvers, 0.99))
    p99.limit.push(quantile(echoes, 0.99))
  }
  const row = (name: string, { measured, limit }: typeof p50): Row => ({
    what: `${name}, ${crew.peers.length} peers`,
    unit: 'ms',
    measured,
    limit: { what: `round trip on a new stream, ${name}`, unit: 'ms', measured: limit },
    target: { of: 'ratio', is: '<=', value: 2 },
  })
  return [row('p50', p50), row('p99', p99)]
}

/** One peer after the other wants one; each time another one owns the queue. */
async function handOverTimes(crew: QueueCrew, times: number): Promise<number[]> {
  // One at a time, and the word of a peer counts as its record: nothing but the queue is measured.
  await crew.openQueue(times + crew.peers.length, { maxBatch: 1, acceptReports: true })
  const tookMs: number[] = []
  for (let i = 0; i < times; i++) {
    const { child } = crew.peers[(i + 1) % crew.peers.length]!
    tookMs.push(await child.ask<number>('takeOne', PAUSE_MS))
  }
  return tookMs
}
