import { setTimeout as sleep } from 'node:timers/promises'
import { defaultQueueSettings } from '../../src/job/queue.ts'
import { sharedNowMs } from './child.ts'
import type { Figure, FigureDefinition, Row } from './figure.ts'
import { startQueueCrew } from './queue-crew.ts'

const PEERS = 4
/** A beat and its way to all, so that nothing is under way when the owner goes. */
const SETTLE_MS = 600

/**
 * Figure 4: the owner of the queue is gone; how long until one of the others, all of which want a MicroJob at that moment, has locked the next one.
 * A killed process's connections close; a frozen one's do not, and only its silence tells.
 */
export const ownerLost: FigureDefinition = {
  id: 4,
  title: `Owner lost: the next MicroJob locked by another of ${PEERS} peers`,
  async measure({ quick, profiles, onProgress }): Promise<Omit<Figure, 'id' | 'title'>> {
    const measured = async (signal: NodeJS.Signals) => {
      const tookMs: number[] = []
      for (let round = 0; round < (quick ? 1 : 5); round++) tookMs.push(await loseOwner(signal, profiles))
      onProgress(`${signal}: ${tookMs.map(Math.round).join(', ')} ms`)
      return tookMs
    }
    const row = (what: string, tookMs: number[]): Row => ({
      what,
      unit: 'ms',
      measured: tookMs,
      limit: { what: 'the configured time without a beat', unit: 'ms', measured: [defaultQueueSettings.ownerTimeoutMs] },
      target: { of: 'ratio', is: '<=', value: 1.2 },
    })
    return {
      rows: [row('killed with SIGKILL', await measured('SIGKILL')), row('frozen with SIGSTOP', await measured('SIGSTOP'))],
      notes: [`A closed connection is believed after ${defaultQueueSettings.ownerLeftMs} ms.`],
    }
  },
}

async function loseOwner(signal: NodeJS.Signals, profiles: string | undefined): Promise<number> {
  const crew = await startQueueCrew(PEERS, { profiles })
  const [owner, ...others] = crew.peers
  try {
    await crew.openQueue(100, { maxBatch: 1 })
    await owner!.child.ask('takeAndKeep')
    await sleep(SETTLE_MS)
    const lostMs = sharedNowMs()
    owner!.child.signal(signal)
    const locked = await Promise.any(others.map(({ child }) => child.ask<{ atMs: number }>('takeAndKeep')))
    return locked.atMs - lostMs
  } finally {
    // A frozen process answers nothing, not even that it should stop.
    owner!.child.signal('SIGKILL')
    await crew.stop()
  }
}
