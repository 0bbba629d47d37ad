import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import type { Context } from '../cli/context.ts'
import { follow } from '../cli/follow.ts'
import { shortPeer } from '../cli/render/grid.ts'
import type { JobHandle, MingaClient } from '../index.ts'
import { completeSlicing, type JobDraft } from '../job/draft.ts'
import type { JobEvent } from '../job/events.ts'
import type { JobReport } from '../job/report.ts'
import type { Picture } from '../pictures/decode.ts'
import type { PeerId } from '../ports.ts'
import { ReportUnverifiedError } from '../roles/errors.ts'
import { withChaos } from './chaos.ts'
import { NobodyJoinedError } from './errors.ts'
import { loadExample } from './example.ts'
import { type Casualty, type DemoFacts, peerFacts } from './facts.ts'
import type { Money, MoneyFacts } from './money.ts'
import { writePictures } from './pictures.ts'
import { renderCasualty, renderFinisher } from './render.ts'
import type { DemoOptions } from './run-demo.ts'
import type { Stopwatch } from './stopwatch.ts'
import { inStudio } from './studio.ts'
import type { Swarm } from './swarm.ts'
import { BOND_WEI, TOKEN_WEI } from './treasury.ts'

/** What all steps of one run share. */
export interface Run {
  options: DemoOptions
  context: Context
  /** Temporary: everything of the swarm lies in it. */
  directory: string
  signal: AbortSignal
  /** Ends it all with this error. */
  fail(error: Error): void
  watch: Stopwatch
}

/** What has been started for the Job. */
export interface Stage {
  swarm: Swarm
  client: MingaClient
  money: Money | undefined
  original: Picture
}

/** Who was killed on purpose. */
interface Killed {
  owner: Casualty | null
  finisher: { name: string; peer: PeerId } | null
}

/** Peers that are there join within two seconds; a machine that is busy takes its time. */
const JOIN_MS = 45_000
/** A peer's conviction comes while the Job goes on, or soon after. */
const CONVICTION_MS = 5_000

/** Tells what happened among the lines of the Job, and above its grid where there is one. */
export function say({ live, output }: Context, data: unknown, line: string): void {
  if (live.isLive) live.print(`${line}\n`)
  output.item(data, () => (live.isLive ? undefined : line))
}

/** Places the Job, shows it until it is done and paid, and compares everything. */
export async function runJob(run: Run, stage: Stage): Promise<DemoFacts> {
  const { options, directory, signal, watch } = run
  const { swarm, client, money, original } = stage
  const scratch = join(directory, 'example')
  const reference = inStudio('reference', { picture: original, scratch }, { signal })
  reference.catch(() => {})
  const price = money && { unitPriceWei: String(TOKEN_WEI), payment: { minBondWei: String(BOND_WEI) } }
  const draft: JobDraft = { ...(await loadExample(scratch)).reliefJob(original), ...price }
  await using handle = await client.place(draft, { signal })
  watch.lap('place')
  const killed = await watchJob(run, stage, handle)
  const { bytes, report: verified, reportProblem } = await handle.result({ signal })
  if (verified === undefined) throw new ReportUnverifiedError(handle.jobId, [reportProblem ?? 'none'])
  const { report } = verified
  watch.lap('fetch')
  const equal = Buffer.compare(await reference, bytes) === 0
  watch.lap('compare')

  const { peers, moneyFacts } = await countMoney(run, stage, { handle, report, killed })
  const result = { width: original.width, height: original.height, rgba: bytes }
  const slicing = completeSlicing(draft.slicing, true)
  const pictures = { directory: resolve(options.out), original, result, slicing, report, peers, signal }
  const files = await writePictures({ ...pictures, killed: killed.owner })
  watch.lap('draw')
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
    killed: killed.owner,
    killedFinisher: killed.finisher,
    money: moneyFacts,
    phasesMs: watch.phasesMs(),
    totalMs: watch.totalMs(),
    files,
  }
}

/** Who did what; where there is a chain, also what it paid for that. */
async function countMoney(
  { options, signal, watch }: Run,
  { swarm, money }: Stage,
  { handle, report, killed }: { handle: JobHandle; report: JobReport; killed: Killed },
): Promise<{ peers: DemoFacts['peers']; moneyFacts: MoneyFacts | null }> {
  await money?.untilSettled(report.macroJobs.length, { signal })
  if (options.cheat) await money?.untilConvicted({ signal: AbortSignal.any([signal, AbortSignal.timeout(CONVICTION_MS)]) }).catch(() => {})
  signal.throwIfAborted()
  const gone = [killed.owner?.peer, killed.finisher?.peer].filter((peer) => peer !== undefined)
  const members = swarm.members()
  const peers = peerFacts(members, report, gone, money?.story.settled() ?? [])
  if (money === undefined) return { peers, moneyFacts: null }
  const moneyFacts = await money.close({ handle, peers, members, signal })
  watch.lap('withdraw')
  return { peers, moneyFacts }
}

/** Shows the Job until it is over; gives the peers that were killed meanwhile. */
async function watchJob({ options, context, signal, fail, watch }: Run, { swarm, money }: Stage, handle: JobHandle): Promise<Killed> {
  const killed: Killed = { owner: null, finisher: null }
  const chaos = (events: AsyncIterable<JobEvent>) =>
    withChaos(events, {
      swarm,
      handle,
      isPaid: money !== undefined,
      onKilled(casualty) {
        killed.owner = casualty
        say(context, { type: 'peer:killed', ...casualty }, renderCasualty(casualty, context.style))
      },
      onFinisherKilled({ name, peer }) {
        killed.finisher = { name, peer }
        say(context, { type: 'finisher:killed', name, peer }, renderFinisher({ name }, context.style))
      },
    })
  const events = timed(handle, signal, watch)
  const timer = setTimeout(() => handle.summary().peers === 0 && fail(new NobodyJoinedError(JOIN_MS)), JOIN_MS)
  await follow(context, handle.jobId, options.chaos ? chaos(events) : events, { nameOf: namesOf(swarm) })
  clearTimeout(timer)
  context.live.end()
  watch.lap(money === undefined ? 'verify' : 'settle')
  return killed
}

/** The events; where all MicroJobs are computed for the first time, processing ends and verification begins, and settling when all are agreed. */
async function* timed(handle: JobHandle, signal: AbortSignal, watch: Stopwatch): AsyncGenerator<JobEvent> {
  let isProcessed = false
  let isAgreed = false
  for await (const event of handle.events({ signal })) {
    const { processed, agreed, total } = handle.progress().microJobs
    if (!isProcessed && processed === total) watch.lap('process')
    isProcessed ||= processed === total
    if (!isAgreed && agreed === total) watch.lap('verify')
    isAgreed ||= agreed === total
    yield event
  }
}

function namesOf(swarm: Swarm): (peer: string) => string {
  return (peer) => swarm.members().find((member) => member.peer === peer)?.name ?? shortPeer(peer)
}
