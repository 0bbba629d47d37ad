import { abortable } from '../abortable.ts'
import type { JobId } from '../job/ids.ts'
import type { Abortable, PeerId } from '../ports.ts'
import { JobClosedError } from './errors.ts'
import { type JobSession, type JobSessionComponents, openJobSession, untilHolds } from './job-session.ts'

/** The sessions of one peer: several roles follow one Job through one session, which closes with the last of them. */
export interface JobSessions {
  /** The signal is the caller's alone: others that wait for the same Job go on. */
  open(jobId: JobId, options?: Abortable & { meetAt?: PeerId[] }): Promise<JobSession>
}

interface Shared {
  opening: Promise<JobSession>
  /** Ends the opening when nobody waits for it any more. */
  abandoned: AbortController
  users: number
}

export function createJobSessions(components: JobSessionComponents): JobSessions {
  const shared = new Map<JobId, Shared>()
  const ending = new Map<JobId, Promise<unknown>>()

  const endWith = <T>(jobId: JobId, ended: Promise<T>): Promise<T> => {
    const settled: Promise<unknown> = ended.catch(() => {}).then(() => ending.get(jobId) === settled && ending.delete(jobId))
    ending.set(jobId, settled)
    return ended
  }
  const leave = async (jobId: JobId, end: (session: JobSession) => Promise<boolean>): Promise<boolean> => {
    const entry = shared.get(jobId)
    if (entry === undefined || --entry.users > 0) return false
    shared.delete(jobId)
    return endWith(jobId, entry.opening.then(end))
  }
  const begin = (jobId: JobId, meetAt: PeerId[] | undefined): Shared => {
    const abandoned = new AbortController()
    const openAnew = async () => {
      // A log that closes is none that can be opened.
      await ending.get(jobId)
      abandoned.signal.throwIfAborted()
      return openJobSession(components, jobId, { signal: abandoned.signal, ...(meetAt && { meetAt }) })
    }
    return { opening: openAnew(), abandoned, users: 0 }
  }
  const giveUp = (jobId: JobId, entry: Shared, reason: unknown) => {
    if (--entry.users > 0 || shared.get(jobId) !== entry) return
    shared.delete(jobId)
    entry.abandoned.abort(reason)
    // It may be open all the same, a moment too late. Of a log with nothing in it not even the name stays.
    endWith(
      jobId,
      entry.opening.then<unknown>((session) => (isEmpty(session) ? session.forget() : session.close())),
    ).catch(() => {})
  }

  return {
    async open(jobId, { signal, meetAt } = {}) {
      signal?.throwIfAborted()
      const entry = shared.get(jobId) ?? begin(jobId, meetAt)
      shared.set(jobId, entry)
      entry.users++
      try {
        return lend(await abortable(entry.opening, signal), (end) => leave(jobId, end))
      } catch (error) {
        giveUp(jobId, entry, error)
        throw error
      }
    },
  }
}

function isEmpty({ log }: JobSession): boolean {
  for (const _ of log.entries()) return false
  return true
}

/** The shared session with an end of the borrower's own, which counts once. */
function lend(session: JobSession, leave: (end: (session: JobSession) => Promise<boolean>) => Promise<boolean>): JobSession {
  const closed = new AbortController()
  const once = async (end: (session: JobSession) => Promise<boolean>) => {
    if (closed.signal.aborted) return false
    closed.abort(new JobClosedError(session.jobId))
    return leave(end)
  }
  return {
    ...session,
    until: (holds, { signal } = {}) => untilHolds(session.onChange, () => holds(session.view), signal, closed.signal),
    async close() {
      await once(async (session) => {
        await session.close()
        return false
      })
    },
    forget: () => once((session) => session.forget()),
  }
}
