import { z } from 'zod'
import { defineMessage } from './codec.ts'

/** A gossip message is one envelope of at most 64 KiB (NETWORK.md trap 10: an oversize one costs its sender the mesh). */
export const MAX_MESSAGE_BYTES = 64 * 1024
/** Jobs of one reply, which must fit the message all the same: eight holders make a notice 560 B (roles/jobs-reply.ts packs by bytes). */
export const MAX_LISTED_JOBS = 200

const jobId = z.string().regex(/^[0-9a-f]{62}$/)
const peer = z.string().min(46).max(64)
const count = z
  .int()
  .min(0)
  .max(2 ** 31)
const macro = z.int().min(0).max(65_534)

/** What a peer needs to know of a Job before it opens its log: who holds it, and whether it is worth looking. */
const jobNotice = z.strictObject({
  jobId,
  unitPriceWei: z.string().regex(/^(0|[1-9][0-9]{0,77})$/),
  /** MicroJobs that nobody has processed yet, as far as the sender knows. */
  openMicroJobs: count,
  /** Peers that hold log, code and data. */
  holders: z.array(peer).min(1).max(8),
})

export type JobNotice = z.infer<typeof jobNotice>

/** `minga/1/jobs`: every peer (seeds/001 "Processing node initialization" 2, "Job Processing" 1). */
const jobsMessage = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('job-announced'), job: jobNotice }),
  z.strictObject({ type: z.literal('open-jobs-query') }),
  z.strictObject({ type: z.literal('open-jobs-reply'), to: peer, jobs: z.array(jobNotice).max(MAX_LISTED_JOBS) }),
  /** Counts, many MicroJobs a message: message count is the cost. */
  z.strictObject({ type: z.literal('micro-jobs-completed'), jobId, completed: count, total: count }),
  z.strictObject({ type: z.literal('job-finished'), jobId, reportCid: z.string().min(20).max(128) }),
])

export type JobsMessage = z.infer<typeof jobsMessage>
export const jobsCodec = defineMessage<JobsMessage>(jobsMessage, { maxBytes: MAX_MESSAGE_BYTES })

/** `minga/1/job/<jobId>`: the peers on one Job (seeds/001 "MacroJob Processing" 1 and 5). */
const jobMessage = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('open-macro-jobs-query') }),
  z.strictObject({ type: z.literal('open-macro-jobs-reply'), macros: z.array(z.strictObject({ macro, members: count })).max(1024) }),
  z.strictObject({ type: z.literal('macro-job-opened'), macro }),
  z.strictObject({ type: z.literal('macro-job-left'), macro }),
])

export type JobMessage = z.infer<typeof jobMessage>
export const jobCodec = defineMessage<JobMessage>(jobMessage, { maxBytes: MAX_MESSAGE_BYTES })

/** `/minga/hold/1`: "please hold this Job, so that I may leave". */
const holdRequest = z.strictObject({ jobId })
export const holdRequestCodec = defineMessage(holdRequest, { maxBytes: 1024 })

/** `no-chain`: who is asked does not know the chain that pays for the Job, and so not which of its results count. */
const holdReply = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('progress'), doneBytes: z.int().min(0) }),
  z.strictObject({ type: z.literal('held'), bytes: z.int().min(0) }),
  z.strictObject({
    type: z.literal('refused'),
    code: z.enum(['too-large', 'full', 'invalid', 'unreachable', 'busy', 'no-chain']),
    /** What there is no more of, where the code is `full`: room on the disk, or places of all, of the requester or of the network it comes from. */
    reason: z.enum(['disk', 'places', 'requester', 'network']).optional(),
  }),
])

export type HoldReply = z.infer<typeof holdReply>
export const holdReplyCodec = defineMessage<HoldReply>(holdReply, { maxBytes: 1024 })
