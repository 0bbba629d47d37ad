import type { JobShape } from '../job/events.ts'
import type { JobProgress } from '../job/progress.ts'
import type { JobReport } from '../job/report.ts'
import type { PeerId } from '../ports.ts'
import type { SettledFacts } from './chain-story.ts'
import type { Member } from './member.ts'
import type { MoneyFacts } from './money.ts'

export interface MicroJobIndex {
  macro: number
  micro: number
}

/** A peer that was killed on purpose, while it computed. */
export interface Casualty {
  name: string
  peer: PeerId
  /** It owned the queue of the MacroJob that was begun last. */
  ownedQueue: boolean
  /** MicroJobs that had been computed when it was killed, by anybody. */
  afterMicroJobs: number
  /** Those that were its own. */
  itsMicroJobs: MicroJobIndex[]
}

export interface PeerFacts {
  name: string
  peer: PeerId
  /** Undefined where it never joined the Job. */
  wallet: string | undefined
  /** MicroJobs of the agreed result. */
  processed: number
  /** MacroJobs that it validated. */
  validated: number
  culprit: boolean
  killed: boolean
  /** MacroJobs that it settled on the chain. */
  settled: number
}

/** What the demo came to: the last line with `--json`. */
export interface DemoFacts {
  type: 'demo:finished'
  /** True where the network's picture is, byte by byte, the one that was computed without it. */
  equal: boolean
  sha256: string
  job: { jobId: string; name: string; width: number; height: number; bytes: number; shape: JobShape }
  /** MacroJobs that were judged by a peer that had computed nothing in them; the Job is verified independently where all are. */
  independent: number
  /** Rounds of commit, challenge and reveal. */
  attempts: number
  peers: PeerFacts[]
  culprits: { name: string; macro: number; micro: number }[]
  killed: Casualty | null
  /** The peer that was killed when it was its turn to settle. */
  killedFinisher: { name: string; peer: PeerId } | null
  /** Null where there was no chain. */
  money: MoneyFacts | null
  /** Phase by phase, in the order in which they ended. */
  phasesMs: Record<string, number>
  totalMs: number
  /** Paths of the pictures. */
  files: string[]
}

/** "peer 10" after "peer 9"; the bootstrap node first. */
export const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name, 'en', { numeric: true })

/** A row a peer, also for one that did nothing. */
export function peerFacts(
  members: readonly Member[],
  report: JobReport,
  killed: readonly PeerId[],
  settled: readonly SettledFacts[],
): PeerFacts[] {
  return members
    .filter(({ role }) => role !== 'bootstrap')
    .map(({ name, peer }) => {
      const tally = report.peers.find((one) => one.peer === peer)
      const { wallet, processed = 0, validated = 0, culprit = false } = tally ?? {}
      const own = settled.filter((settlement) => settlement.name === name).reduce((sum, { macroJobs }) => sum + macroJobs, 0)
      return { name, peer, wallet, processed, validated, culprit, killed: killed.includes(peer), settled: own }
    })
    .sort(byName)
}

/** The MicroJobs that a peer has computed so far. */
export function microJobsOf({ macroJobs }: JobProgress, peer: PeerId): MicroJobIndex[] {
  return macroJobs.flatMap(({ macro, processed }) => processed.flatMap((author, micro) => (author === peer ? [{ macro, micro }] : [])))
}
