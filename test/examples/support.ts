import { createCompute } from '../../src/compute/compute.ts'
import type { JobDraft } from '../../src/job/draft.ts'
import { runDraftLocally } from '../../src/job/local-run.ts'
import { silentLogger } from '../../src/log.ts'
import type { Compute } from '../../src/ports.ts'

/** One compute child for a whole test file; runs a draft block by block, as a network of one peer would. */
export async function createLocalNetwork(): Promise<{
  compute: Compute
  run(draft: JobDraft): Promise<Uint8Array>
  stop(): Promise<void>
}> {
  const compute = await createCompute({ logger: silentLogger })
  return { compute, run: (draft) => runDraftLocally(draft, compute), stop: () => compute.stop() }
}
