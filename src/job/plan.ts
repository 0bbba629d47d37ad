import { macroJobId, microJobIds } from './ids.ts'
import type { JobInfo } from './info.ts'
import type { RecordOf } from './records.ts'
import type { JobView } from './view.ts'

/** The plan of one MacroJob: its id and those of its MicroJobs, the validation MicroJob last, all from the Job's seed. */
export function planOf(info: JobInfo, macro: number): RecordOf<'plan'> {
  return { kind: 'plan', macro, id: macroJobId(info, macro), microJobs: microJobIds(info, macro, info.slicing.microJobs + 1) }
}

/** False where the requester wrote other ids for the MacroJob than those that follow from its seed (docs/PROTOCOL.md, "Ids"). */
export function planFits(view: JobView, info: JobInfo, macro: number): boolean {
  const written = view.plans.get(macro)?.find(({ author }) => author === info.requester)?.record
  if (written === undefined) return true
  const { id, microJobs } = planOf(info, macro)
  return written.id === id && written.microJobs.length === microJobs.length && microJobs.every((micro, i) => micro === written.microJobs[i])
}
