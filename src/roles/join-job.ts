import { CLOCK_TOLERANCE_MS } from '../job/deadline.ts'
import type { JobId } from '../job/ids.ts'
import type { JobInfo } from '../job/info.ts'
import { isPaid } from '../job/payment.ts'
import type { JobRecord } from '../job/records.ts'
import type { JobView } from '../job/view.ts'
import type { Abortable, Channel, PeerId } from '../ports.ts'
import { type JobMessage, type JobNotice, jobCodec } from '../protocol/messages.ts'
import { jobTopic } from '../protocol/topics.ts'
import { complaintOf } from './complaints.ts'
import { JobRefusedError } from './errors.ts'
import { refusesEscrow } from './escrow-entry.ts'
import { createMembership, type JobMembership, type MembershipComponents, type MembershipOptions } from './job-membership.ts'
import { createJobOutlook, type JobOutlook } from './job-outlook.ts'
import type { JobSession } from './job-session.ts'
import { type LoadedJob, loadJob } from './loaded-job.ts'
import { createMacroActivity } from './macro-activity.ts'
import { isLost } from './patient-fetch.ts'

/** How long a newcomer waits for the Job's description to arrive from its holders. */
const INFO_TIMEOUT_MS = 20_000
/** … of which so long for its first records, from a holder or by gossip: a Job that is announced and not there must not cost more. */
const FIRST_CONTACT_MS = 4000
/** A holder that has sent nothing by then is not waited for: the next is asked, too. */
const HOLDER_TURN_MS = 2000
/** Answers to "which MacroJobs are open" come within a round trip; a second on a slow link. */
const ACTIVITY_WAIT_MS = 60

/** Joins the Job's channel, syncs its log, fetches its program, and writes that this peer takes part. */
export async function joinJob(
  components: MembershipComponents,
  notice: JobNotice,
  options: MembershipOptions = {},
): Promise<JobMembership> {
  const { sessions, channels, self, clock, unixMs } = components
  const jobId = notice.jobId as JobId
  const meetAt = notice.holders.filter((peer) => peer !== self)
  const signal = AbortSignal.any([AbortSignal.timeout(INFO_TIMEOUT_MS), ...(options.signal ? [options.signal] : [])])
  const session = await sessions.open(jobId, { meetAt, signal })
  const outlook = createJobOutlook(session, { clock, unixMs, toleranceMs: CLOCK_TOLERANCE_MS })
  let channel: Channel<JobMessage> | undefined
  try {
    await hearDescription(session, meetAt, signal)
    await refuseUnfit(components, session, outlook, { signal })
    const spec = { topic: jobTopic(jobId), maxBytes: jobCodec.maxBytes, encode: jobCodec.encode, decode: jobCodec.decode }
    channel = await channels.join<JobMessage>(spec, { meetAt, signal })
    const job = await takePart(components, session, channel, meetAt, { signal })
    const activity = createMacroActivity(channel)
    await activity.ask()
    await clock.sleep(ACTIVITY_WAIT_MS, { signal })
    return createMembership(components, { job, outlook, channel, activity }, options)
  } catch (error) {
    // A topic has one member a peer: left open, it would keep this one from ever trying again.
    await channel?.close()
    outlook.close()
    if (await session.forget()) await components.blocks.release(jobId)
    throw error
  }
}

/** Throws JobRefusedError where the Job, as it is described, is not for this peer. */
async function refuseUnfit(
  components: Pick<MembershipComponents, 'self' | 'refuses' | 'escrow'>,
  { jobId, view }: JobSession,
  outlook: JobOutlook,
  options: Required<Abortable>,
): Promise<void> {
  const info = view.info as JobInfo
  const isBack = view.peers.has(components.self)
  const refusal = components.refuses?.(info) ?? (await refusesEscrow(components.escrow, info, jobId, { isBack, ...options }))
  if (refusal !== undefined) throw new JobRefusedError(jobId, refusal)
  if (outlook.isOver()) throw new JobRefusedError(jobId, `one that is ${outlook.state()}`, outlook.state() !== 'failed')
}

/** Fetches the program, and writes that this peer takes part; where the program is lost, it writes that, too, and rejects. */
async function takePart(
  components: MembershipComponents,
  session: JobSession,
  channel: Channel<JobMessage>,
  meetAt: readonly PeerId[],
  options: Required<Abortable>,
): Promise<LoadedJob> {
  const { self, compute, wallet, certificate } = components
  const info = session.view.info as JobInfo
  const providers = () => [...new Set([...meetAt, ...channel.peers(), info.requester])].filter((peer) => peer !== self)
  // The requester promised nothing: it may leave when the Job is placed.
  const holders = meetAt.filter((peer) => peer !== info.requester)
  const { fingerprint } = await compute.device()
  const settles = isPaid(info) ? { settles: components.escrow?.settles(info) ?? false } : {}
  const presence: JobRecord = { kind: 'peer', wallet, certificate, fingerprint, ...settles }
  const job = await loadJob(components, session, info, { providers, holders }, options).catch(async (error: unknown) => {
    // A Job whose code is lost must end: who cannot even begin says so.
    const codeIsLost = complaintOf(error) === 'data' && isLost(error, holders)
    if (codeIsLost) await session.append(presence, { kind: 'complaint', reason: 'data', macro: 0, micro: 0 })
    throw error
  })
  await session.append(presence)
  return job
}

/** Syncs with the first holder that answers. Rejects where the description has not come after FIRST_CONTACT_MS. */
async function hearDescription(session: JobSession, holders: readonly PeerId[], signal: AbortSignal): Promise<void> {
  const isDescribed = (view: JobView) => view.info !== undefined
  const contact = AbortSignal.any([signal, AbortSignal.timeout(FIRST_CONTACT_MS)])
  const described = session.until(isDescribed, { signal: contact })
  described.catch(() => {})
  for (const holder of holders) {
    const synced = session.log.syncWith(holder, { signal }).then(
      () => true,
      () => false,
    )
    const turn = AbortSignal.any([contact, AbortSignal.timeout(HOLDER_TURN_MS)])
    const heard = session.until(isDescribed, { signal: turn }).catch(() => {})
    await Promise.race([synced, heard])
    // What has begun to come may take as long as joining may.
    if (isDescribed(session.view) && (await synced)) break
    if (contact.aborted) break
  }
  await described
}
