import { bytesToHex, concatBytes, hashOf, uint32, utf8ToBytes } from './bytes.ts'
import { chunkState } from './chunk.ts'
import type { AgreedMacroJob, ChunkState } from './chunk-state.ts'
import { blockRootOf } from './commit.ts'
import type { JobInfo } from './info.ts'
import { chunkCount, type JobView } from './view.ts'

/** All chunks of the Job. */
export function chunkStates(view: JobView, info: JobInfo): ChunkState[] {
  return Array.from({ length: chunkCount(info) }, (_, chunk) => chunkState(view, info, chunk))
}

/** Every MacroJob's agreement in order, or undefined while one is missing. */
export function agreedMacroJobs(view: JobView, info: JobInfo): AgreedMacroJob[] | undefined {
  const agreed: AgreedMacroJob[] = []
  for (const state of chunkStates(view, info)) {
    for (const macro of state.macros) {
      const macroJob = state.agreed.get(macro)
      if (macroJob === undefined) return undefined
      agreed.push(macroJob)
    }
  }
  return agreed
}

/** One hash for what the Job came to: every MicroJob's agreed blocks and the wallet that computed them. */
export function outcomeOf(jobId: string, macroJobs: readonly AgreedMacroJob[]): Uint8Array {
  const parts = macroJobs.flatMap(({ macro, microJobs }) =>
    microJobs.map(({ wallet, blockHashes }, micro) =>
      concatBytes(uint32(macro), uint32(micro), blockRootOf(blockHashes), utf8ToBytes(wallet.toLowerCase())),
    ),
  )
  return hashOf('outcome', utf8ToBytes(jobId), ...parts)
}

/** The order in which a Job's processors may finalize it: the smaller text first. */
export function finalizerRank(jobId: string, peer: string): string {
  return bytesToHex(hashOf('finalizer', utf8ToBytes(jobId), utf8ToBytes(peer)))
}
