import type { JobId } from '../job/ids.ts'
import type { Logger } from '../log.ts'
import type { Clock, PeerId } from '../ports.ts'
import type { JobsMessage } from '../protocol/messages.ts'
import type { JobSessions } from './job-sessions.ts'
import type { JobsBoard } from './jobs-board.ts'

/** Jobs remembered: those of the last hours of a busy peer. */
const MAX_REMEMBERED = 1024
/** A stranger that announces what is over, again and again, costs one exchange in so long. */
const PAUSE_MS = 10_000
const EXCHANGE_TIMEOUT_MS = 10_000

export interface RemindersComponents {
  board: JobsBoard
  sessions: JobSessions
  clock: Clock
  logger: Logger
}

/**
 * Tells whoever announces a Job that is over how it ended. A holder that was away has missed it, and the Job's peers have left its channels
 * since: without this, it and its clients would wait for ever.
 */
export interface Reminders {
  /** This peer has left a Job that is over. */
  left(jobId: JobId): void
  stop(): Promise<void>
}

export function createReminders({ board, sessions, clock, logger }: RemindersComponents): Reminders {
  const nextMs = new Map<string, number>()
  const stopped = new AbortController()
  let running = Promise.resolve()

  const tell = async (jobId: JobId, peer: PeerId) => {
    const signal = AbortSignal.any([stopped.signal, AbortSignal.timeout(EXCHANGE_TIMEOUT_MS)])
    const session = await sessions.open(jobId, { meetAt: [peer], signal })
    try {
      const { sent } = await session.log.syncWith(peer, { signal })
      if (sent > 0) logger.info('told how a Job ended', { jobId, peer, sent })
    } finally {
      await session.close()
    }
  }
  const hear = (jobId: string, from: PeerId) => {
    if ((nextMs.get(jobId) ?? Number.POSITIVE_INFINITY) > clock.nowMs()) return
    nextMs.set(jobId, clock.nowMs() + PAUSE_MS)
    // One after another: this is a favour, and may cost a read of the whole log.
    running = running
      .then(() => (stopped.signal.aborted ? undefined : tell(jobId as JobId, from)))
      .catch((error: unknown) => logger.debug('could not tell how a Job ended', { jobId, from, error }))
  }
  const unlisten = board.onMessage((message: JobsMessage, from) => {
    if (message.type === 'job-announced') hear(message.job.jobId, from)
    if (message.type === 'open-jobs-reply') for (const { jobId } of message.jobs) hear(jobId, from)
  })

  return {
    left(jobId) {
      nextMs.set(jobId, clock.nowMs())
      if (nextMs.size > MAX_REMEMBERED) nextMs.delete(nextMs.keys().next().value as string)
    },
    async stop() {
      stopped.abort()
      unlisten()
      await running
    },
  }
}
