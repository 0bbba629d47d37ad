import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { defaultLimits } from '../../src/network/limits.ts'
import { type BenchChild, startChild } from './child.ts'
import type { Figure, FigureDefinition, Row } from './figure.ts'
import type { SendAll, Times } from './gossip-peer.ts'
import { quantile } from './stats.ts'

const fromRoot = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const RATE = 10 * defaultLimits.authorMessagesPerSecond
/** Far below an author's rate. */
const EVERY_MS = 5
/** What is on its way when the last one has been sent; later is lost. */
const ARRIVE_MS = 2000
/** A victim that has much to work off must be through with it before the next measurement. */
const CALM_MS = 60_000
/** FAULTS 42. */
const MAX_RATIO = 3

const PHASES = ['without', 'during', 'after'] as const
type Phase = (typeof PHASES)[number]

interface Latency {
  p50: number
  p99: number
  lost: number
}

/**
 * Figure 9: how long an honest announcement takes from one peer to another through a bootstrap node, before, while and after somebody publishes on the same topic
 * at ten times the rate that an author is granted.
 */
export const topicSpam: FigureDefinition = {
  id: 9,
  title: 'Latency under topic spam: an honest message through a spammed bootstrap node',
  async measure({ quick, profiles, onProgress }): Promise<Omit<Figure, 'id' | 'title'>> {
    const rounds: Record<Phase, Latency>[] = []
    const lab = await startLab(profiles)
    try {
      // The first round warms up.
      for (let round = quick ? 1 : 0; round <= (quick ? 1 : 5); round++) {
        const latencies = await measureRound(lab, quick ? 40 : 300)
        if (round === 0) continue
        rounds.push(latencies)
        onProgress(PHASES.map((phase) => `${phase} ${show(latencies[phase])}`).join('; '))
      }
    } finally {
      await lab.stop()
    }
    const lost = rounds.flatMap((round) => PHASES.map((phase) => round[phase].lost)).reduce((sum, each) => sum + each, 0)
    return {
      rows: (['during', 'after'] as const).flatMap((phase) => rowsOf(phase, rounds)),
      notes: [
        `${RATE.toLocaleString('en')} messages a second by one author, an announcement every ${EVERY_MS} ms beside them; ${lost} of these were lost.`,
        '“While it is thrown out” begins when the spammer is let in, and “after its ban” it knocks ten times a second. One that is lost counts as two seconds.',
      ],
    }
  },
}

const WHAT = { during: 'while it is thrown out', after: 'after its ban' }

function rowsOf(phase: keyof typeof WHAT, rounds: readonly Record<Phase, Latency>[]): Row[] {
  return (['p50', 'p99'] as const).map((share) => ({
    what: `${share}, ${WHAT[phase]}`,
    unit: 'ms',
    measured: rounds.map((round) => round[phase][share]),
    limit: { what: `the same without spam, ${share}`, unit: 'ms', measured: rounds.map(({ without }) => without[share]) },
    target: { of: 'ratio', is: '<=', value: MAX_RATIO },
  }))
}

interface SpamLab {
  victim: { peer: string; address: string }
  sender: BenchChild
  receiver: BenchChild
  stop(): Promise<void>
}

async function startLab(profiles: string | undefined): Promise<SpamLab> {
  const directory = await mkdtemp(join(tmpdir(), 'minga-bench-'))
  const args = ['bootstrap', '--data-dir', directory, '--listen', '/ip4/127.0.0.1/tcp/0', '--json', '--log-level', 'error']
  const bootstrap = startProgram('src/cli.ts', args)
  const children = [0, 1].map(() => startChild('gossip-peer.ts', { profiles }))
  const stop = async () => {
    await Promise.all(children.map((child) => child.stop()))
    await bootstrap.stop()
    await rm(directory, { recursive: true, force: true, maxRetries: 3 })
  }
  try {
    const { peer, addresses } = await bootstrap.event<{ peer: string; addresses: string[] }>('ready')
    const victim = { peer, address: addresses[0]! }
    await Promise.all(children.map((child) => child.ask('start', { bootstrap: victim.address })))
    const [sender, receiver] = children as [BenchChild, BenchChild]
    return { victim, sender, receiver, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function measureRound(lab: SpamLab, samples: number): Promise<Record<Phase, Latency>> {
  await calm(lab)
  const without = await latencyOf(lab, samples)
  const spammer = startProgram('test/e2e/support/fast-spammer.ts', [lab.victim.peer, lab.victim.address, String(RATE)])
  try {
    await spammer.event('spamming')
    const during = await latencyOf(lab, samples)
    await spammer.event('thrown-out')
    await calm(lab)
    return { without, during, after: await latencyOf(lab, samples) }
  } finally {
    await spammer.stop()
  }
}

/** Resolves when a message arrives in time again. */
async function calm(lab: SpamLab): Promise<void> {
  const deadlineMs = performance.now() + CALM_MS
  while ((await latencyOf(lab, 1)).lost > 0) {
    if (performance.now() > deadlineMs) throw new Error(`expected honest messages to arrive within ${CALM_MS} ms of the spam, found none`)
  }
}

async function latencyOf({ victim, sender, receiver }: SpamLab, samples: number): Promise<Latency> {
  const sent = await sender.ask<Times>('send', { holder: victim.peer, samples, everyMs: EVERY_MS } satisfies SendAll)
  const deadlineMs = performance.now() + ARRIVE_MS
  for (;;) {
    const heard = new Map(await receiver.ask<Times>('heard'))
    const tookMs = sent.flatMap(([jobId, sentMs]) => (heard.has(jobId) ? [heard.get(jobId)! - sentMs] : []))
    const lost = sent.length - tookMs.length
    if (lost > 0 && performance.now() < deadlineMs) {
      await sleep(50)
      continue
    }
    // One that never came counts as the longest wait.
    const all = [...tookMs, ...Array.from({ length: lost }, () => ARRIVE_MS)]
    return { p50: quantile(all, 0.5), p99: quantile(all, 0.99), lost }
  }
}

const show = ({ p50, p99 }: Latency) => `${p50.toFixed(1)}/${p99.toFixed(1)} ms`

interface Program {
  /** Resolves with the first line of this event; rejects where the program ends before. */
  event<Line>(name: string): Promise<Line>
  stop(): Promise<void>
}

/** A program of ours that prints events as JSON lines. */
function startProgram(path: string, args: readonly string[]): Program {
  const child: ChildProcess = spawn(process.execPath, [fromRoot(path), ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const lines: Interface = createInterface({ input: child.stdout! })
  const events = new Map<string, PromiseWithResolvers<unknown>>()
  const slot = (name: string) => events.get(name) ?? events.set(name, Promise.withResolvers()).get(name)!
  lines.on('line', (line) => {
    const event = JSON.parse(line) as { event: string }
    slot(event.event).resolve(event)
  })
  return {
    event: <Line>(name: string) =>
      Promise.race([
        slot(name).promise as Promise<Line>,
        exited.then(([code]) => Promise.reject(new Error(`${path} ended with exit code ${code}`))),
      ]),
    async stop() {
      child.kill('SIGKILL')
      await exited
    },
  }
}
