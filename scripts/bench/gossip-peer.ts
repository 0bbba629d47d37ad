import { randomBytes } from 'node:crypto'
import { systemClock } from '../../src/clock.ts'
import { createNetwork, type MingaNetwork } from '../../src/network/node.ts'
import { nodePlatform } from '../../src/network/transports-node.ts'
import type { Channel } from '../../src/ports.ts'
import { type JobsMessage, jobsCodec } from '../../src/protocol/messages.ts'
import { jobsTopic } from '../../src/protocol/topics.ts'
import { serveParent, sharedNowMs } from './child.ts'

/*
 * A peer that only listens and speaks on the topic of all Jobs, by way of one bootstrap node.
 */

export interface SendAll {
  /** Who is named as the Jobs' holder. */
  holder: string
  samples: number
  everyMs: number
}

/** Jobs announced, with the time of the shared clock. */
export type Times = readonly (readonly [jobId: string, atMs: number])[]

let network: MingaNetwork | undefined
let channel: Channel<JobsMessage> | undefined
const heard = new Map<string, number>()

/** Nobody can dial it: all that it hears comes through the bootstrap node. */
async function start({ bootstrap }: { bootstrap: string }): Promise<void> {
  network = await createNetwork(
    { platform: await nodePlatform() },
    { privateKey: randomBytes(32), listen: [], bootstrap: [bootstrap], dht: 'off' },
  )
  await network.waitForBootstrap({ timeoutMs: 20_000 })
  channel = await network.channels.join({ topic: jobsTopic, ...jobsCodec })
  channel.subscribe((message) => {
    if (message.type === 'job-announced') heard.set(message.job.jobId, sharedNowMs())
  })
}

async function send({ holder, samples, everyMs }: SendAll): Promise<Times> {
  const sent: [string, number][] = []
  for (let i = 0; i < samples; i++) {
    const jobId = `00${randomBytes(30).toString('hex')}`
    sent.push([jobId, sharedNowMs()])
    await channel!.publish({ type: 'job-announced', job: { jobId, unitPriceWei: '0', openMicroJobs: 1, holders: [holder] } })
    await systemClock.sleep(everyMs)
  }
  return sent
}

serveParent({ start, send, heard: (): Times => [...heard], stop: () => network?.stop() })
