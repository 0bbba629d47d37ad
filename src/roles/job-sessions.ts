import type { JobId } from '../job/ids.ts'
import type { Abortable, PeerId } from '../ports.ts'
import { type JobSession, type JobSessionComponents, openJobSession } from './job-session.ts'

/** The sessions of one peer: several roles follow one Job through one session, which closes with the last of them. */
export interface JobSessions {
  open(jobId: JobId, options?: Abortable & { meetAt?: PeerId[] }): Promise<JobSession>
}

export function createJobSessions(components: JobSessionComponents): JobSessions {
  const shared = new Map<JobId, { session: Promise<JobSession>; users: number }>()
  const ending = new Map<JobId, Promise<unknown>>()

  const leave = async (jobId: JobId, end: (session: JobSession) => Promise<boolean>): Promise<boolean> => {
    const entry = shared.get(jobId)
    if (entry === undefined || --entry.users > 0) return false
    shared.delete(jobId)
    const ended = entry.session.then(end)
    const settled: Promise<unknown> = ended.catch(() => {}).then(() => ending.get(jobId) === settled && ending.delete(jobId))
    ending.set(jobId, settled)
    return ended
  }
  // A log that closes is none that can be opened.
  const openAnew = async (jobId: JobId, options?: Abortable & { meetAt?: PeerId[] }) => {
    await ending.get(jobId)
    return openJobSession(components, jobId, options)
  }

  return {
    async open(jobId, options) {
      const entry = shared.get(jobId) ?? { session: openAnew(jobId, options), users: 0 }
      shared.set(jobId, entry)
      entry.users++
      try {
        return lend(await entry.session, (end) => leave(jobId, end))
      } catch (error) {
        if (--entry.users === 0 && shared.get(jobId) === entry) shared.delete(jobId)
        throw error
      }
    },
  }
}

/** The shared session with an end of the borrower's own, which counts once. */
function lend(session: JobSession, leave: (end: (session: JobSession) => Promise<boolean>) => Promise<boolean>): JobSession {
  let ended = false
  const once = async (end: (session: JobSession) => Promise<boolean>) => {
    if (ended) return false
    ended = true
    return leave(end)
  }
  return {
    ...session,
    async close() {
      await once(async (session) => {
        await session.close()
        return false
      })
    },
    forget: () => once((session) => session.forget()),
  }
}
