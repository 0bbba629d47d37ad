import type { JobHandle } from '../index.ts'
import { finalizerRank } from '../job/agreement.ts'
import type { JobEvent } from '../job/events.ts'
import type { JobProgress } from '../job/progress.ts'
import type { PeerId } from '../ports.ts'
import { type Casualty, microJobsOf } from './facts.ts'
import type { Member } from './member.ts'
import { lastQueueOwner } from './queue-owner.ts'
import type { Swarm } from './swarm.ts'

export interface ChaosInit {
  swarm: Swarm
  handle: JobHandle
  /** Kill the one whose turn it is to settle, too. */
  isPaid: boolean
  onKilled(casualty: Casualty): void
  onFinisherKilled(member: Member): void
}

/**
 * The events of a Job. As soon as half of its MicroJobs are computed, the peer that owns the queue begun last is killed with SIGKILL; when all are
 * agreed and a Job is to be paid, the peer that is first in turn to settle it.
 */
export async function* withChaos(events: AsyncIterable<JobEvent>, init: ChaosInit): AsyncGenerator<JobEvent> {
  const { handle, isPaid } = init
  let isHalfDone = false
  let isAgreed = false
  for await (const event of events) {
    yield event
    const progress = handle.progress()
    const { processed, agreed, total } = progress.microJobs
    if (!isHalfDone && processed >= total / 2) {
      isHalfDone = true
      await killOwner(init, progress)
    }
    if (isPaid && !isAgreed && agreed === total && progress.state !== 'finished') {
      isAgreed = true
      await killFinisher(init, progress)
    }
  }
}

async function killOwner({ swarm, onKilled }: ChaosInit, progress: JobProgress): Promise<void> {
  const peers = runningPeers(swarm)
  const owner = await lastQueueOwner(peers)
  const victim = peers.find(({ peer }) => peer === owner) ?? busiest(peers, progress)
  if (victim === undefined) return
  await victim.kill()
  const { name, peer } = victim
  onKilled({
    name,
    peer,
    ownedQueue: peer === owner,
    afterMicroJobs: progress.microJobs.processed,
    itsMicroJobs: microJobsOf(progress, peer),
  })
}

async function killFinisher({ swarm, handle, onFinisherKilled }: ChaosInit, progress: JobProgress): Promise<void> {
  const victim = firstFinisher(runningPeers(swarm), handle.jobId, progress)
  if (victim === undefined) return
  await victim.kill()
  onFinisherKilled(victim)
}

/** Those who computed, by their rank: the order of job/escrow-duties.ts. */
function firstFinisher(peers: readonly Member[], jobId: string, { macroJobs }: JobProgress): Member | undefined {
  const processed = new Set<PeerId | undefined>(macroJobs.flatMap((macro) => macro.processed))
  const rank = ({ peer }: Member) => finalizerRank(jobId, peer)
  const candidates = peers.filter(({ peer }) => processed.has(peer))
  return (candidates.length > 0 ? candidates : peers).toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1))[0]
}

function busiest(peers: readonly Member[], progress: JobProgress): Member | undefined {
  const done = ({ peer }: Member) => microJobsOf(progress, peer).length
  return peers.toSorted((a, b) => done(b) - done(a))[0]
}

const runningPeers = (swarm: Swarm) => swarm.members().filter((member) => member.role === 'peer' && member.isRunning())
