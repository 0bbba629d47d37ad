import { hasEnded } from '../job/progress.ts'
import type { Logger } from '../log.ts'
import type { Blocks, PeerId } from '../ports.ts'
import type { JobOutlook } from './job-outlook.ts'
import type { JobSession } from './job-session.ts'

export interface MirrorComponents {
  self: PeerId
  blocks: Blocks
  logger: Logger
  outlook: JobOutlook
}

export interface Mirror {
  /** The Job has ended, and needs nothing more fetched but its report. */
  isOver(): boolean
  stop(): Promise<void>
}

export interface MirrorInit {
  /** The Job has ended. */
  onOver(): void
}

/** Fetches each result, and the report, from whoever made it, so that they outlive that peer. The outlook is closed with the mirror. */
export function createMirror({ blocks, logger, self, outlook }: MirrorComponents, session: JobSession, { onOver }: MirrorInit): Mirror {
  const stop = new AbortController()
  const wanted = new Map<string, PeerId>()
  const done = new Set<string>()
  let running = Promise.resolve()
  let busy = false
  let over = false
  let finished = false

  const collect = () => {
    for (const reveals of session.view.reveals.values()) for (const { author, record } of reveals) want(record.cid, author)
    for (const { author, record } of session.view.reports) want(record.cid, author)
  }
  const want = (cid: string, author: PeerId) => {
    if (author === self) done.add(cid)
    if (!done.has(cid)) wanted.set(cid, author)
  }
  const work = async () => {
    look()
    for (const [cid, author] of wanted) {
      if (stop.signal.aborted) return
      wanted.delete(cid)
      await blocks.fetch(cid, { providers: [author], owner: session.jobId, signal: stop.signal }).then(
        () => done.add(cid),
        (error: unknown) => !stop.signal.aborted && logger.debug('could not mirror a result yet', { jobId: session.jobId, cid, error }),
      )
    }
    await finish()
  }
  const look = () => {
    if (over || !outlook.isOver()) return
    over = true
    onOver()
  }
  const finish = async () => {
    look()
    if (!over || finished) return
    const progress = outlook.progress()
    if (!hasEnded(progress)) return
    finished = true
    const { reportCid } = progress
    if (reportCid === undefined || done.has(reportCid)) await blocks.finish?.(session.jobId)
  }
  const kick = () => {
    collect()
    if (busy) return
    busy = true
    running = work()
      .catch((error: unknown) => logger.warn('mirroring failed', { jobId: session.jobId, error }))
      .finally(() => {
        busy = false
        if (wanted.size > 0 && !stop.signal.aborted) queueMicrotask(kick)
      })
  }
  outlook.onChange(kick)
  kick()

  return {
    isOver: () => over,
    async stop() {
      stop.abort()
      outlook.close()
      await running
    },
  }
}
