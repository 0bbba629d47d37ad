/** FAULTS 42: somebody publishes at ten times the rate that an author is granted. It is thrown out, and honest messages travel as before. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { defaultLimits } from '../../../src/network/limits.ts'
import type { Channel } from '../../../src/ports.ts'
import { type JobsMessage, jobsCodec } from '../../../src/protocol/messages.ts'
import { jobsTopic } from '../../../src/protocol/topics.ts'
import { startNode } from '../../network/support.ts'
import { startTestNetwork } from '../support/fault-network.ts'
import { startProcess } from '../support/process.ts'

const SPAMMER = join(import.meta.dirname, '../support/fast-spammer.ts')
const SAMPLES = 150
/** Far below an author's rate. */
const EVERY_MS = 10
/** FAULTS 42 allows three times the latency. What a busy machine's scheduler adds to every message is not the network's. */
const MAX_RATIO = 3
const SCHEDULER_MS = 10

it('spam on the topic of all', async (t) => {
  const network = await startTestNetwork(t)
  const victim = network.bootstrap()
  const join = async () => {
    // Nobody can dial it: all that it hears comes through the victim.
    const node = await startNode(t, { listen: [], bootstrap: [network.address] })
    await node.waitForBootstrap({ timeoutMs: 20_000 })
    return node.channels.join<JobsMessage>({ topic: jobsTopic, ...jobsCodec })
  }
  const measure = measurer(await join(), await join(), victim.peer)
  const quiet = await measure(SAMPLES)

  const spammer = startProcess(SPAMMER, [victim.peer, network.address, String(10 * defaultLimits.authorMessagesPerSecond)])
  t.after(() => spammer.kill())
  await spammer.line(({ event }) => event === 'ready')
  const banned = victim.line(({ msg }) => msg === 'peer banned for its messages')
  const during = await measure(SAMPLES)
  await banned
  // It is out, and knocks again and again.
  const noisy = await measure(SAMPLES)

  const of = ({ p50, p99 }: Latency) => `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`
  t.diagnostic(`quiet: ${of(quiet)}; while it is thrown out: ${of(during)}; afterwards: ${of(noisy)}`)
  assert.ok(spammer.isRunning())
  assert.ok(noisy.p50 <= MAX_RATIO * quiet.p50 + SCHEDULER_MS, `the median went from ${quiet.p50} to ${noisy.p50} ms`)
})

interface Latency {
  p50: number
  p99: number
}

/** Sends announcements through the victim, until so many have arrived, and gives what time they took. */
function measurer(sender: Channel<JobsMessage>, receiver: Channel<JobsMessage>, victim: string) {
  const sentMs = new Map<string, number>()
  let tookMs: number[] = []
  receiver.subscribe((message) => {
    const startMs = message.type === 'job-announced' ? sentMs.get(message.job.jobId) : undefined
    if (startMs !== undefined) tookMs.push(performance.now() - startMs)
  })
  return async (samples: number): Promise<Latency> => {
    for (tookMs = []; tookMs.length < samples; ) {
      const jobId = `00${randomBytes(30).toString('hex')}`
      sentMs.set(jobId, performance.now())
      await sender.publish({ type: 'job-announced', job: { jobId, unitPriceWei: '0', openMicroJobs: 1, holders: [victim] } })
      await pause(EVERY_MS)
    }
    const sorted = tookMs.toSorted((a, b) => a - b)
    const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] as number
    return { p50: at(0.5), p99: at(0.99) }
  }
}
