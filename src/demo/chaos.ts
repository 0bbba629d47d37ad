import type { JobHandle } from '../index.ts'
import type { JobEvent } from '../job/events.ts'
import { type Casualty, microJobsOf } from './facts.ts'
import type { Swarm } from './swarm.ts'

export interface ChaosInit {
  swarm: Swarm
  handle: JobHandle
  onKilled(casualty: Casualty): void
}

/** The events of a Job; as soon as half of its MicroJobs are computed, the peer that did most of them is killed with SIGKILL. */
export async function* withChaos(events: AsyncIterable<JobEvent>, { swarm, handle, onKilled }: ChaosInit): AsyncGenerator<JobEvent> {
  let done = false
  for await (const event of events) {
    yield event
    const progress = handle.progress()
    const { processed, total } = progress.microJobs
    if (done || processed < total / 2) continue
    done = true
    const [victim] = swarm
      .members()
      .filter(({ role }) => role === 'peer')
      .map((member) => ({ member, itsMicroJobs: microJobsOf(progress, member.peer) }))
      .sort((a, b) => b.itsMicroJobs.length - a.itsMicroJobs.length)
    if (victim === undefined) continue
    const { member, itsMicroJobs } = victim
    await member.kill()
    onKilled({ name: member.name, peer: member.peer, afterMicroJobs: processed, itsMicroJobs })
  }
}
