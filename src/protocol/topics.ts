/** The gossip topics of version 1. A new version is a new prefix: peers of both never see each other's messages. */
import { BadTopicError } from './wire-errors.ts'

const JOB_ID = /^[A-Za-z0-9_-]{1,96}$/
/** Indices travel as 32-bit numbers. */
const MAX_INDEX = 2 ** 32 - 1

/** Every peer: announcements, open Jobs, counts of completed MicroJobs. */
export const jobsTopic = 'minga/1/jobs'

/** The peers on one Job: its open MacroJobs. */
export function jobTopic(jobId: string): string {
  return `minga/1/job/${checkId(jobId)}`
}

/** The processors of one MacroJob: its queue. */
export function macroJobTopic(jobId: string, macroIndex: number): string {
  if (!Number.isInteger(macroIndex) || macroIndex < 0 || macroIndex > MAX_INDEX) throw new BadTopicError(String(macroIndex))
  return `minga/1/job/${checkId(jobId)}/${macroIndex}`
}

/** The holders of one Job's log: its envelopes and heads. */
export function logTopic(jobId: string): string {
  return `minga/1/log/${checkId(jobId)}`
}

function checkId(jobId: string): string {
  if (!JOB_ID.test(jobId)) throw new BadTopicError(jobId)
  return jobId
}
