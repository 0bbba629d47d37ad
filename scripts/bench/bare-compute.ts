import { createCompute } from '../../src/compute/compute.ts'
import { computeBlock, programOf } from '../../src/job/block-program.ts'
import { localJobInfo } from '../../src/job/local-run.ts'
import { silentLogger } from '../../src/log.ts'
import type { Compute } from '../../src/ports.ts'
import { serveParent } from './child.ts'
import { type FixedWork, fixedWorkDraft } from './fixed-work.ts'

/*
 * The compute children of so many peers and nothing else: each works off its share of a Job's MicroJobs, one after the other.
 */

let devices: Compute[] = []

async function start(count: number): Promise<string> {
  devices = await Promise.all(Array.from({ length: count }, () => createCompute({ logger: silentLogger })))
  const [report] = await Promise.all(devices.map((device) => device.device()))
  return `${report!.name} (${report!.kind})`
}

/** Milliseconds until all devices are done; `microJobs` of the whole Job, shared out evenly. */
async function run(work: FixedWork): Promise<number> {
  const draft = fixedWorkDraft(work)
  const info = localJobInfo(draft)
  const program = programOf(info, draft.code)
  const each = Math.ceil((work.macroJobs * work.microJobs) / devices.length)
  const blocks = Array.from({ length: work.blocks }, (_, block) => computeBlock(info, { macro: 0, micro: 0, block }, new Uint8Array(0)))
  const startedMs = performance.now()
  await Promise.all(
    devices.map(async (device) => {
      for (let done = 0; done < each; done++) await device.run(program, blocks, { budgetMs: info.limits.blockMs })
    }),
  )
  return performance.now() - startedMs
}

serveParent({ start, run, stop: () => Promise.all(devices.map((device) => device.stop())) })
