import { agreedMacroJobs, chunkStates, outcomeOf } from './agreement.ts'
import { bytesToHex } from './bytes.ts'
import type { Culprit } from './chunk-state.ts'
import type { JobInfo } from './info.ts'
import { type PeerTally, progressOf } from './progress.ts'
import type { JobView } from './view.ts'

/** Durations that the finalizer saw on its own clock; records carry no time, since clocks of two machines are never compared. */
export interface ReportTimings {
  processingMs: number
  verificationMs: number
  totalMs: number
}

/** What a finished Job came to, as its finalizer writes it down (JSON; hashes in hexadecimal digits). */
export interface JobReport {
  version: 1
  jobId: string
  name: string
  finalizer: string
  /** One hash over all agreed blocks and the wallets that computed them. */
  outcome: string
  chunks: { chunk: number; attempts: number; roots: string[]; beacons: string[] }[]
  macroJobs: {
    macro: number
    attempt: number
    validator: string
    /** False where the validator had processed in the MacroJob itself. */
    independent: boolean
    microJobs: { peer: string; wallet: string; cid: string; blockHashes: string[] }[]
  }[]
  /** False where any MacroJob was judged by a peer that had processed in it, as with one peer only. */
  independentlyVerified: boolean
  peers: PeerTally[]
  culprits: Culprit[]
  timings: ReportTimings
}

/** The report of a Job whose MacroJobs are all agreed; undefined before. */
export function reportOf(view: JobView, info: JobInfo, finalizer: string, timings: ReportTimings): JobReport | undefined {
  const agreed = agreedMacroJobs(view, info)
  if (agreed === undefined) return undefined
  const states = chunkStates(view, info)
  return {
    version: 1,
    jobId: view.jobId,
    name: info.name,
    finalizer,
    outcome: bytesToHex(outcomeOf(view.jobId, agreed)),
    chunks: states.map(({ chunk, attempts }) => ({
      chunk,
      attempts: attempts.length,
      roots: attempts.flatMap(({ draw }) => (draw ? [bytesToHex(draw.root)] : [])),
      beacons: attempts.flatMap(({ draw }) => (draw ? [bytesToHex(draw.beacon)] : [])),
    })),
    macroJobs: agreed.map(({ macro, attempt, validator, independent, microJobs }) => ({
      macro,
      attempt,
      validator,
      independent,
      microJobs: microJobs.map(({ author, wallet, cid, blockHashes }) => ({
        peer: author,
        wallet,
        cid,
        blockHashes: blockHashes.map((hash) => bytesToHex(hash)),
      })),
    })),
    independentlyVerified: agreed.every(({ independent }) => independent),
    peers: progressOf(view).peers,
    culprits: states.flatMap(({ culprits }) => culprits),
    timings,
  }
}
