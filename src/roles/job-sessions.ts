import type { JobId } from '../job/ids.ts'
import type { Abortable, PeerId } from '../ports.ts'
import { type JobSession, type JobSessionComponents, openJobSession } from './job-session.ts'

/** The sessions of one peer: several roles follow one Job through one session, which closes with the last of them. */
export interface JobSessions {
  open(jobId: JobId, options?: Abortable & { meetAt?: PeerId[] }): Promise<JobSession>
}

export function createJobSessions(components: JobSessionComponents): JobSessions {
  const shared = new Map<JobId, { session: Promise<JobSession>; users: number }>()

  const leave = async (jobId: JobId) => {
    const entry = shared.get(jobId)
    if (entry === undefined || --entry.users > 0) return
    shared.delete(jobId)
    await (await entry.session).close()
  }

  return {
    async open(jobId, options) {
      const entry = shared.get(jobId) ?? { session: openJobSession(components, jobId, options), users: 0 }
      shared.set(jobId, entry)
      entry.users++
      try {
        return lend(await entry.session, () => leave(jobId))
      } catch (error) {
        if (--entry.users === 0) shared.delete(jobId)
        throw error
      }
    },
  }
}

/** The shared session with a close of the borrower's own, which counts once. */
function lend(session: JobSession, leave: () => Promise<void>): JobSession {
  let closed = false
  return {
    ...session,
    async close() {
      if (closed) return
      closed = true
      await leave()
    },
  }
}
