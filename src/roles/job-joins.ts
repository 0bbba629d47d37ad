import type { Clock, PeerId } from '../ports.ts'
import type { JobNotice } from '../protocol/messages.ts'
import { takeTurns } from './board-notices.ts'

/** Joins under way at once: each may wait for holders that do not answer. */
const MAX_JOINING = 4
/** Of these so many may be for authors of whom nothing good is known yet. */
const MAX_UNKNOWN = 3
/** … and so many for one of them: who comes after a liar finds a place. */
const MAX_OF_UNKNOWN = 2
/** A Job is left alone for so long after a join that failed; doubled each time. Its holder may be restarting, or busy. */
const AVOID_MS = 2000
const MAX_AVOID_MS = 300_000
/** Failures remembered: of the Jobs and authors that a full board can name. */
const MAX_REMEMBERED = 4096

export interface JobJoinsInit {
  clock: Clock
  /** Who brought the notice. */
  authorOf(jobId: string): PeerId | undefined
  /** Joins the Job: `no` where it is not for this peer, ever, `over` where there is nothing to do now; throws where it could not be joined. */
  join(notice: JobNotice): Promise<'joined' | 'no' | 'over'>
  /** A join has ended, whichever way. */
  onEnd(): void
}

/**
 * Joins Jobs in the background: anybody may announce what is not there, and to find that out takes time in which this peer has other work. What
 * a notice claims of itself counts for nothing here; what counts is how often its author, and the Job, failed before.
 */
export interface JobJoins {
  /** Begins to join as many as have a place: authors that did not fail first, in turns, each with its oldest first. */
  begin(notices: readonly JobNotice[]): void
  /** Leaves a Job alone for so long, of which nobody is to blame. */
  avoid(jobId: string, ms: number): void
  /** Joins under way. */
  count(): number
  /** Resolves when no join is under way. */
  settled(): Promise<void>
}

export function createJobJoins({ clock, authorOf, join, onEnd }: JobJoinsInit): JobJoins {
  /** By Job, with the author that each was joined for. */
  const joining = new Map<string, { author: PeerId; done: Promise<void> }>()
  const avoided = new Map<string, { count: number; untilMs: number }>()
  /** Failures of each author since its last Job that was there. */
  const scores = new Map<PeerId, number>()
  const known = new Set<PeerId>()

  const author = (jobId: string) => authorOf(jobId) ?? ''
  const isFree = ({ jobId }: JobNotice) => !joining.has(jobId) && (avoided.get(jobId)?.untilMs ?? 0) <= clock.nowMs()
  const hasPlace = (by: PeerId) => {
    if (known.has(by)) return true
    const unknown = [...joining.values()].filter((each) => !known.has(each.author))
    return unknown.length < MAX_UNKNOWN && unknown.filter((each) => each.author === by).length < MAX_OF_UNKNOWN
  }

  const failed = (jobId: string, by: PeerId) => {
    const count = (avoided.get(jobId)?.count ?? 0) + 1
    remember(avoided, jobId, { count, untilMs: clock.nowMs() + Math.min(MAX_AVOID_MS, AVOID_MS * 2 ** (count - 1)) })
    remember(scores, by, (scores.get(by) ?? 0) + 1)
    known.delete(by)
  }
  const succeeded = (by: PeerId) => {
    scores.delete(by)
    known.add(by)
    if (known.size > MAX_REMEMBERED) known.clear()
  }
  const run = async (notice: JobNotice, by: PeerId) => {
    const { jobId } = notice
    try {
      const outcome = await join(notice)
      if (outcome === 'no') remember(avoided, jobId, { count: 1, untilMs: Number.POSITIVE_INFINITY })
      // One that has failed may go on when others have joined it.
      else if (outcome === 'over') remember(avoided, jobId, { count: 1, untilMs: clock.nowMs() + MAX_AVOID_MS })
      else {
        avoided.delete(jobId)
        succeeded(by)
      }
    } catch {
      failed(jobId, by)
    } finally {
      joining.delete(jobId)
      onEnd()
    }
  }
  const inOrder = (notices: readonly JobNotice[]) => {
    const failures = ({ jobId }: JobNotice) => avoided.get(jobId)?.count ?? 0
    const byAuthor = Map.groupBy(notices, ({ jobId }) => author(jobId))
    const lines = [...byAuthor].map(([by, line]) => ({ score: scores.get(by) ?? 0, line: line.sort((a, b) => failures(a) - failures(b)) }))
    const byScore = [...Map.groupBy(lines, ({ score }) => score)].sort(([a], [b]) => a - b)
    return byScore.flatMap(([, equals]) => takeTurns(equals.map(({ line }) => line)))
  }

  return {
    begin(notices) {
      if (joining.size >= MAX_JOINING) return
      for (const notice of inOrder(notices.filter(isFree))) {
        if (joining.size >= MAX_JOINING) return
        const by = author(notice.jobId)
        if (!hasPlace(by)) continue
        const entry = { author: by, done: Promise.resolve() }
        joining.set(notice.jobId, entry)
        entry.done = run(notice, by)
      }
    },
    avoid: (jobId, ms) => remember(avoided, jobId, { count: 0, untilMs: clock.nowMs() + ms }),
    count: () => joining.size,
    async settled() {
      await Promise.all([...joining.values()].map(({ done }) => done))
    },
  }
}

/** The newest last: what is forgotten first is what was set longest ago. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key)
  map.set(key, value)
  if (map.size > MAX_REMEMBERED) map.delete(map.keys().next().value as string)
}
