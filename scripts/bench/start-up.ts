import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Figure, FigureDefinition, Row } from './figure.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PEER = join(ROOT, 'dist', 'peer.js')
/** Long enough for what a start leaves behind to be collected, or not. */
const IDLE_MS = 5000

interface Start {
  readyMs: number
  rssMiB: number
  /** Of the compute child and the guards around it. */
  childrenMiB: number
}

/**
 * Figure 7: from starting `node dist/peer.js` to its line "ready", and what it holds in memory while it has nothing to do. Node alone, which has
 * nothing to load, is the limit.
 */
export const startUp: FigureDefinition = {
  id: 7,
  title: 'Start of `node dist/peer.js`, and memory when idle',
  async measure({ quick, onProgress }): Promise<Omit<Figure, 'id' | 'title'>> {
    build(quick)
    const rounds = quick ? 1 : 5
    const idleMs = quick ? 200 : IDLE_MS
    const measure = async (device: string) => {
      const starts: Start[] = []
      for (let round = 0; round < rounds; round++) starts.push(await startOnce(device, idleMs))
      onProgress(`compute ${device}: ${starts.map(({ readyMs }) => Math.round(readyMs)).join(', ')} ms`)
      return starts
    }
    // Warms the disk's cache.
    await startOnce('off', 0)
    const bare = await bareNode(rounds)
    const off = await measure('off')
    const software = await measure('software')
    return {
      rows: [
        ready('compute off', off, bare.readyMs, true),
        ready('compute on, software driver', software, bare.readyMs, true),
        memory('compute off', off, bare.rssMiB),
        memory('compute on, software driver', software, bare.rssMiB),
        { what: 'its compute child and guards', unit: 'MiB', measured: software.map(({ childrenMiB }) => childrenMiB) },
      ],
      notes: [
        'A data directory of its own that exists already, the DHT on, no bootstrap node. The memory is the resident set of the peer’s own process.',
      ],
    }
  },
}

function ready(what: string, starts: readonly Start[], bareMs: readonly number[], judged: boolean): Row {
  return {
    what: `start → ready, ${what}`,
    unit: 'ms',
    measured: starts.map(({ readyMs }) => readyMs),
    limit: { what: 'node with an empty program', unit: 'ms', measured: bareMs },
    ...(judged && { target: { of: 'measured', is: '<=', value: 1500 } }),
  }
}

function memory(what: string, starts: readonly Start[], bareMiB: readonly number[]): Row {
  return {
    what: `resident when idle, ${what}`,
    unit: 'MiB',
    measured: starts.map(({ rssMiB }) => rssMiB),
    limit: { what: 'node with an empty program', unit: 'MiB', measured: bareMiB },
    target: { of: 'measured', is: '<=', value: 160 },
  }
}

/** A full run measures what the sources say now. */
function build(quick: boolean): void {
  if (quick && existsSync(PEER)) return
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) throw new Error('expected `npm run build` to succeed')
}

async function startOnce(device: string, idleMs: number): Promise<Start> {
  const dataDir = await mkdtemp(join(tmpdir(), 'minga-bench-'))
  await writeFile(join(dataDir, 'config.json'), '{}\n')
  const places = [
    '--config',
    join(dataDir, 'config.json'),
    '--data-dir',
    join(dataDir, 'peer'),
    '--cache-dir',
    join(homedir(), '.cache', 'minga'),
  ]
  const args = [...places, '--listen', '/ip4/127.0.0.1/tcp/0', '--compute-device', device, '--json', '--log-level', 'error']
  try {
    // The first start makes keys and directories.
    if (idleMs > 0) await run(args, 0)
    return await run(args, idleMs)
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function run(args: readonly string[], idleMs: number): Promise<Start> {
  const startedMs = performance.now()
  const child = spawn(process.execPath, [PEER, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })
  await Promise.race([once(lines, 'line'), exited.then(([code]) => Promise.reject(new Error(`the peer ended with exit code ${code}`)))])
  const readyMs = performance.now() - startedMs
  await sleep(idleMs)
  const rssMiB = await rssOf(child.pid!)
  const childrenMiB = await rssOfChildren(child.pid!)
  child.kill('SIGTERM')
  await exited
  return { readyMs, rssMiB, childrenMiB }
}

async function bareNode(rounds: number): Promise<{ readyMs: number[]; rssMiB: number[] }> {
  const readyMs: number[] = []
  const rssMiB: number[] = []
  for (let round = 0; round < rounds; round++) {
    const startedMs = performance.now()
    const child = spawn(process.execPath, ['--eval', 'console.log("ready"); setInterval(() => {}, 1e6)'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    readyMs.push(performance.now() - startedMs)
    rssMiB.push(await rssOf(child.pid!))
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  return { readyMs, rssMiB }
}

/** As `ps` gives it, which Linux and macOS share; NaN where there is none. */
async function rssOf(pid: number): Promise<number> {
  const { stdout } = spawnSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })
  return Number(stdout?.trim() || Number.NaN) / 1024
}

async function rssOfChildren(pid: number): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  let sum = 0
  for (const child of children.trim().split(' ').filter(Boolean).map(Number)) sum += (await rssOf(child)) + (await rssOfChildren(child))
  return sum
}
