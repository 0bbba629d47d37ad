import { createHash } from 'node:crypto'
import { glob, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import type { Context } from '../cli/context.ts'
import { follow } from '../cli/follow.ts'
import { shortPeer } from '../cli/render/grid.ts'
import { EXIT, type ExitCode } from '../errors.ts'
import { createClient, type JobHandle, type MingaClient } from '../index.ts'
import { completeSlicing } from '../job/draft.ts'
import type { JobEvent } from '../job/events.ts'
import type { Picture } from '../pictures/decode.ts'
import { ReportUnverifiedError } from '../roles/errors.ts'
import { withChaos } from './chaos.ts'
import { DemoTimeoutError, DemoUnequalError, MemberEndedError } from './errors.ts'
import { loadExample } from './example.ts'
import { byName, type Casualty, type DemoFacts, peerFacts } from './facts.ts'
import { makeDirectory, writePictures } from './pictures.ts'
import { renderCasualty, renderFacts, renderMembers } from './render.ts'
import { createStopwatch, type Stopwatch } from './stopwatch.ts'
import { inStudio } from './studio.ts'
import { type Swarm, startSwarm } from './swarm.ts'

export interface DemoOptions {
  peers: number
  /** Kill a peer half-way. */
  chaos: boolean
  /** 1024 × 512 pixels instead of 4096 × 2048. */
  small: boolean
  /** Leave data directories and logs where they are. */
  keep: boolean
  /** Where the pictures go. */
  out: string
  /** The longest that it may take. */
  limitMs: number
}

/** What all steps of one run share. */
interface Run {
  options: DemoOptions
  context: Context
  /** Temporary: everything of the swarm lies in it. */
  directory: string
  signal: AbortSignal
  watch: Stopwatch
}

/** So many lines of each process's log are shown where the demo fails. */
const LAST_LINES = 5

/**
 * A whole network on this machine computes one real Job, and its picture is compared with one that was computed without the network.
 * Throws DemoUnequalError, DemoTimeoutError, MemberEndedError, and what the client throws.
 */
export async function runDemo(options: DemoOptions, context: Context): Promise<ExitCode> {
  await makeDirectory(resolve(options.out))
  const directory = await mkdtemp(join(tmpdir(), 'minga-demo-'))
  const limit = AbortSignal.timeout(options.limitMs)
  const signal = AbortSignal.any([context.signal, limit])
  try {
    const facts = await runSwarm({ options, context, directory, signal, watch: createStopwatch() })
    context.output.item(facts, () => renderFacts(facts, context.output.style))
    if (!facts.equal) throw new DemoUnequalError(facts.job.bytes)
  } catch (error) {
    context.live.end()
    // Whoever interrupts it knows why it ended.
    if (context.signal.aborted && !options.keep) await remove(directory)
    else context.live.print(await lastWords(directory))
    throw limit.aborted ? new DemoTimeoutError(options.limitMs, error) : error
  }
  if (options.keep) context.live.print(`kept ${directory}\n`)
  else await remove(directory)
  return EXIT.ok
}

/** A process that was still starting when all was called off may write for a moment more. */
const remove = (directory: string) => rm(directory, { recursive: true, force: true, maxRetries: 5 })

async function runSwarm(run: Run): Promise<DemoFacts> {
  const { options, context, directory, signal, watch } = run
  const loading = inStudio('load', { small: options.small }, { signal })
  // Awaited later: until then a failure must not count as unhandled.
  loading.catch(() => {})
  const swarm = await startSwarm({ directory, cacheDir: context.config.cacheDir, env: context.plainEnv, signal })
  try {
    const names = Array.from({ length: options.peers }, (_, i) => `peer ${i + 1}`)
    await Promise.all(names.map((name) => swarm.startPeer(name)))
    await using client = await createClient({ bootstrap: [swarm.webSocketAddress()], signal })
    const members = swarm.members().toSorted(byName)
    const facts = members.map(({ name, pid, peer, addresses }) => ({ name, pid, peer, addresses }))
    const tookMs = watch.lap('start')
    context.output.item({ type: 'demo:started', members: facts, tookMs }, () => renderMembers(members, tookMs))
    return await runJob(run, swarm, client, await loading)
  } finally {
    await swarm.stop()
  }
}

async function runJob(run: Run, swarm: Swarm, client: MingaClient, original: Picture): Promise<DemoFacts> {
  const { options, directory, signal, watch } = run
  const scratch = join(directory, 'example')
  const reference = inStudio('reference', { picture: original, scratch }, { signal })
  reference.catch(() => {})
  const draft = (await loadExample(scratch)).reliefJob(original)
  await using handle = await client.place(draft, { signal })
  watch.lap('place')
  const killed = await watchJob(run, swarm, handle)
  const { bytes, report: verified, reportProblem } = await handle.result({ signal })
  if (verified === undefined) throw new ReportUnverifiedError(handle.jobId, [reportProblem ?? 'none'])
  const { report } = verified
  watch.lap('fetch')
  const equal = Buffer.compare(await reference, bytes) === 0
  watch.lap('compare')

  const peers = peerFacts(swarm.members(), report, killed)
  const result = { width: original.width, height: original.height, rgba: bytes }
  const slicing = completeSlicing(draft.slicing, true)
  const files = await writePictures({ directory: resolve(options.out), original, result, slicing, report, peers, killed, signal })
  watch.lap('draw')
  await checkMembers(swarm, killed)
  const nameOf = namesOf(swarm)
  return {
    type: 'demo:finished',
    equal,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    job: {
      jobId: handle.jobId,
      name: report.name,
      width: original.width,
      height: original.height,
      bytes: bytes.length,
      shape: handle.summary().shape,
    },
    independent: report.macroJobs.filter(({ independent }) => independent).length,
    attempts: Math.max(...report.chunks.map(({ attempts }) => attempts)),
    peers,
    culprits: report.culprits.map(({ peer, macro, micro }) => ({ name: nameOf(peer), macro, micro })),
    killed,
    phasesMs: watch.phasesMs(),
    totalMs: watch.totalMs(),
    files,
  }
}

/** Shows the Job until it is agreed; gives the peer that was killed meanwhile. */
async function watchJob({ options, context, signal, watch }: Run, swarm: Swarm, handle: JobHandle): Promise<Casualty | null> {
  let killed: Casualty | null = null
  const onKilled = (casualty: Casualty) => {
    killed = casualty
    const text = renderCasualty(casualty, context.style)
    if (context.live.isLive) context.live.print(`${text}\n`)
    context.output.item({ type: 'peer:killed', ...casualty }, () => (context.live.isLive ? undefined : text))
  }
  const events = timed(handle, signal, watch)
  await follow(context, handle.jobId, options.chaos ? withChaos(events, { swarm, handle, onKilled }) : events, { nameOf: namesOf(swarm) })
  context.live.end()
  watch.lap('verify')
  return killed
}

/** The events; where all MicroJobs are computed for the first time, processing ends and verification begins. */
async function* timed(handle: JobHandle, signal: AbortSignal, watch: Stopwatch): AsyncGenerator<JobEvent> {
  let isProcessed = false
  for await (const event of handle.events({ signal })) {
    const { processed, total } = handle.progress().microJobs
    if (!isProcessed && processed === total) watch.lap('process')
    isProcessed ||= processed === total
    yield event
  }
}

function namesOf(swarm: Swarm): (peer: string) => string {
  return (peer) => swarm.members().find((member) => member.peer === peer)?.name ?? shortPeer(peer)
}

/** A peer that fell over by itself is a failure, also where the others did its work. */
async function checkMembers(swarm: Swarm, killed: Casualty | null): Promise<void> {
  for (const member of swarm.members()) {
    if (member.isRunning() || member.peer === killed?.peer) continue
    throw new MemberEndedError(member.name, await member.ended)
  }
}

/** The end of each process's log, and where the rest lies. */
async function lastWords(directory: string): Promise<string> {
  const parts: string[] = []
  for await (const path of glob(join(directory, '*.log'))) {
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n').slice(-LAST_LINES)
    parts.push(`── ${basename(path, '.log')}\n${lines.map((line) => `   ${line.slice(0, 300)}\n`).join('')}`)
  }
  return `${parts.join('')}data and logs are kept in ${directory}\n`
}
