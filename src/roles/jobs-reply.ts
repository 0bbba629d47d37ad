import type { PeerId } from '../ports.ts'
import { encodeCbor } from '../protocol/codec.ts'
import { type JobNotice, type JobsMessage, MAX_LISTED_JOBS, MAX_MESSAGE_BYTES } from '../protocol/messages.ts'

/** Messages of one answer: 470 notices with eight holders each, or MAX_LISTED_JOBS × 4 short ones. */
const MAX_MESSAGES = 4
/** Type, receiver and heads of an answer, rounded up. */
const FRAME_BYTES = 256

type Reply = Extract<JobsMessage, { type: 'open-jobs-reply' }>

/** The answer to "which Jobs are open", in as few messages as take it; what does not fit into MAX_MESSAGES is left out, from the end. */
export function packReplies(to: PeerId, notices: readonly JobNotice[], maxJobs = Number.POSITIVE_INFINITY): Reply[] {
  const replies: Reply[] = []
  let jobs: JobNotice[] = []
  let bytes = FRAME_BYTES
  for (const notice of notices.slice(0, maxJobs)) {
    const size = encodeCbor(notice, { maxBytes: MAX_MESSAGE_BYTES }).length
    if (replies.length === 0 || bytes + size > MAX_MESSAGE_BYTES || jobs.length >= MAX_LISTED_JOBS) {
      if (replies.length >= MAX_MESSAGES) break
      jobs = []
      bytes = FRAME_BYTES
      replies.push({ type: 'open-jobs-reply', to, jobs })
    }
    jobs.push(notice)
    bytes += size
  }
  return replies
}
