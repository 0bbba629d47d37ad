import { openMacroJobs } from '../job/macro-choice.ts'
import { paidPriceOf } from '../job/payment.ts'
import { progressOf, type Standpoint } from '../job/progress.ts'
import type { JobView } from '../job/view.ts'
import type { PeerId } from '../ports.ts'
import type { JobNotice } from '../protocol/messages.ts'

/** The notice of a Job that still wants peers; undefined where it is over, or not yet known. */
export function noticeOf(view: JobView, holders: readonly PeerId[], standpoint: Standpoint = {}): JobNotice | undefined {
  const { info, jobId } = view
  const { state } = progressOf(view, standpoint)
  if (info === undefined || (state !== 'open' && state !== 'agreed')) return undefined
  const openMicroJobs = [...openMacroJobs(view, info)].reduce((sum, { open }) => sum + open.length, 0)
  return { jobId, unitPriceWei: String(paidPriceOf(info)), openMicroJobs, holders: [...new Set(holders)].slice(0, 8) }
}
