import { mkdtemp, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Swarm, startSwarm } from '../../src/demo/swarm.ts'
import { type BenchChild, sharedNowMs, startChild } from './child.ts'
import type { Figure, FigureDefinition } from './figure.ts'
import { type FixedWork, fixedWorkDraft } from './fixed-work.ts'
import { cpuOfTrees } from './process-tree.ts'
import { type Requester, startRequester, watchCommits } from './requester.ts'
import { spreadOf } from './stats.ts'

const PEERS = 2
const MICRO_JOB_MS = 50

/** The compilers of fresh processes take as long as a few hundred MicroJobs: rounds that are thrown away. */
const WARM_UP_ROUNDS = 2

interface Round {
  bareMs: number
  /** CPU of all that the Job runs on (peers, their devices, holder, requester) beyond that of the bare devices, for one MicroJob. */
  extraCpuMs: number | undefined
  processingMs: number
  wholeMs: number
}

/**
 * Figure 3: the share of the devices' time that goes into the Job's blocks. The same blocks on the same number of bare compute children are 1.
 */
export const efficiency: FigureDefinition = {
  id: 3,
  title: `Efficiency: a Job of MicroJobs of ${MICRO_JOB_MS} ms on ${PEERS} peers`,
  async measure({ quick, onProgress }): Promise<Omit<Figure, 'id' | 'title'>> {
    const directory = await mkdtemp(join(tmpdir(), 'minga-bench-'))
    const bare = startChild('bare-compute.ts')
    const swarm = await startSwarm({ directory, cacheDir: join(homedir(), '.cache', 'minga'), env: process.env })
    let requester: Requester | undefined
    try {
      const device = await bare.ask<string>('start', PEERS)
      onProgress(`on ${device}`)
      const work = await calibrate(bare, quick)
      await Promise.all(Array.from({ length: PEERS }, (_, index) => swarm.startPeer(`peer ${index + 1}`)))
      requester = await startRequester(swarm.bootstrap.addresses.find((address) => !address.includes('/ws'))!)
      const rounds: Round[] = []
      for (let round = quick ? 0 : -WARM_UP_ROUNDS; round < (quick ? 1 : 3); round++) {
        const measured = await measureRound(bare, swarm, requester, work)
        onProgress(`${round < 0 ? 'warm-up' : `round ${round}`}: ${(measured.bareMs / measured.processingMs).toFixed(2)}`)
        if (round >= 0) rounds.push(measured)
      }
      return describe(rounds, work, device)
    } finally {
      await requester?.client.close()
      await swarm.stop()
      await bare.stop()
      await rm(directory, { recursive: true, force: true })
    }
  },
}

/** Steps such that a MicroJob takes about the time it should while all devices are busy. */
async function calibrate(bare: BenchChild, quick: boolean): Promise<FixedWork> {
  const work: FixedWork = { macroJobs: 2 * PEERS, microJobs: quick ? 3 : 45, blocks: 4, steps: 1000 }
  const few = { ...work, macroJobs: PEERS, microJobs: 8 }
  // The first try compiles; each one after it comes closer, as far as the machine is steady.
  for (let tries = 0; tries < 5; tries++) {
    const ms = (await bare.ask<number>('run', { ...few, steps: work.steps })) / few.microJobs
    if (tries > 0) work.steps = Math.max(1, Math.round((work.steps * MICRO_JOB_MS) / ms))
  }
  return work
}

async function measureRound(bare: BenchChild, swarm: Swarm, { client, replica }: Requester, work: FixedWork): Promise<Round> {
  const bareCpu = cpuMeter([bare.pid])
  const bareMs = await bare.ask<number>('run', work)
  const bareCpuMs = await bareCpu()
  const jobCpu = cpuMeter([process.pid, ...swarm.members().map(({ pid }) => pid)], [bare.pid])
  const job = await client.place(fixedWorkDraft(work))
  const startedMs = sharedNowMs()
  const total = work.macroJobs * work.microJobs
  const { firstMs, lastMs } = await watchCommits(await replica.open(job.jobId), work.microJobs, total)
  const jobCpuMs = await jobCpu()
  await job.result()
  const wholeMs = sharedNowMs() - startedMs
  await job.close()
  const extraCpuMs = bareCpuMs === undefined || jobCpuMs === undefined ? undefined : (jobCpuMs - bareCpuMs) / total
  // The first commit stands for a MicroJob that began its own time before.
  return { bareMs, extraCpuMs, processingMs: lastMs - firstMs + bareMs / (total / PEERS), wholeMs }
}

/** Gives the CPU time that the processes take from now on, in ms, without those below `except`. */
function cpuMeter(roots: readonly number[], except: readonly number[] = []): () => Promise<number | undefined> {
  const now = async () => {
    const [all, without] = await Promise.all([cpuOfTrees(roots), cpuOfTrees(except)])
    return all === undefined || without === undefined ? undefined : all - without
  }
  const before = now()
  return async () => {
    const [from, to] = [await before, await now()]
    return from === undefined || to === undefined ? undefined : to - from
  }
}

function describe(rounds: readonly Round[], work: FixedWork, device: string): Omit<Figure, 'id' | 'title'> {
  const total = work.macroJobs * work.microJobs
  const bare = { what: `${PEERS} bare compute children`, unit: 'ms', measured: rounds.map(({ bareMs }) => bareMs) }
  const { median } = spreadOf(rounds.map(({ bareMs }) => bareMs / (total / PEERS)))
  return {
    rows: [
      {
        what: 'first MicroJob begun → last commit',
        unit: 'ms',
        measured: rounds.map(({ processingMs }) => processingMs),
        limit: bare,
        ratio: rounds.map(({ bareMs, processingMs }) => bareMs / processingMs),
        target: { of: 'ratio', is: '>=', value: 0.9 },
      },
      {
        what: 'placed → verified, reported, fetched',
        unit: 'ms',
        measured: rounds.map(({ wholeMs }) => wholeMs),
        limit: bare,
        ratio: rounds.map(({ bareMs, wholeMs }) => bareMs / wholeMs),
      },
    ],
    notes: [`${total} MicroJobs of ${work.blocks} blocks, ${median.toFixed(1)} ms each on ${device}.`, ...noteOnCpu(rounds)],
  }
}

/** On a machine whose device is its CPU, this is what the devices have to do without. */
function noteOnCpu(rounds: readonly Round[]): string[] {
  const extra = rounds.flatMap(({ extraCpuMs }) => (extraCpuMs === undefined ? [] : [extraCpuMs]))
  if (extra.length === 0) return []
  const { median, min, max } = spreadOf(extra)
  const range = `${min.toFixed(1)}–${max.toFixed(1)}`
  return [
    `From placing to the last commit, ${PEERS} peers, holder and requester take ${median.toFixed(1)} ms (${range}) of CPU a MicroJob more than the bare children.`,
  ]
}
