import type { PeerId } from '../ports.ts'
import type { JobNotice } from '../protocol/messages.ts'

/** Notices kept; a stranger can fill it, so it is small, and a Job worth having is announced again. */
export const MAX_NOTICES = 2000
/** Notices of one author that are kept: a requester with more Jobs at once is told again as the first ones end. */
export const MAX_ANNOUNCED = 64
/** A bootstrap node lists the Jobs of many; all that its answer may bring (jobs-reply.ts). */
export const MAX_RELAYED = 512

interface Kept {
  notice: JobNotice
  author: PeerId
}

/** The notices on a board, with who brought each first. No author can push out those of the others. */
export class BoardNotices {
  readonly #kept = new Map<string, Kept>()
  readonly #byAuthor = new Map<PeerId, Set<string>>()

  get size() {
    return this.#kept.size
  }

  find = (jobId: string) => this.#kept.get(jobId)?.notice
  authorOf = (jobId: string) => this.#kept.get(jobId)?.author
  list = () => [...this.#kept.values()].map(({ notice }) => notice)

  /** Authors take turns, each with its oldest first: whoever announces a thousand Jobs delays another's by one. */
  interleaved(): JobNotice[] {
    return takeTurns([...this.#byAuthor.values()].map((ids) => [...ids].map((jobId) => (this.#kept.get(jobId) as Kept).notice)))
  }

  /** `maxOfAuthor` bounds what this author's notices may take up; its own oldest gives way. */
  put(notice: JobNotice, author: PeerId, maxOfAuthor: number): void {
    const known = this.#kept.get(notice.jobId)
    if (known !== undefined) {
      this.#kept.set(notice.jobId, { author: known.author, notice: merge(known, notice, author) })
      return
    }
    this.#kept.set(notice.jobId, { notice, author })
    const ids = this.#byAuthor.get(author) ?? new Set()
    this.#byAuthor.set(author, ids.add(notice.jobId))
    if (ids.size > maxOfAuthor) this.#deleteOldest(ids)
    if (this.#kept.size > MAX_NOTICES)
      this.#deleteOldest([...this.#byAuthor.values()].reduce((most, each) => (each.size > most.size ? each : most)))
  }

  delete(jobId: string): void {
    const author = this.authorOf(jobId)
    if (author === undefined) return
    this.#kept.delete(jobId)
    const ids = this.#byAuthor.get(author)
    ids?.delete(jobId)
    if (ids?.size === 0) this.#byAuthor.delete(author)
  }

  #deleteOldest(ids: Set<string>) {
    this.delete(ids.values().next().value as string)
  }
}

/** Another's word adds holders, half of those named at most; it changes neither the price nor whom the first author named. */
function merge(known: Kept, next: JobNotice, author: PeerId): JobNotice {
  const { notice } = known
  if (author === known.author) return { ...next, holders: [...new Set([...next.holders, ...notice.holders])].slice(0, 8) }
  const first = notice.holders.slice(0, 4)
  return { ...notice, openMicroJobs: next.openMicroJobs, holders: [...new Set([...first, ...next.holders, ...notice.holders])].slice(0, 8) }
}

/** The first of each line, then the second of each, and so on. */
export function takeTurns<T>(lines: readonly (readonly T[])[]): T[] {
  const longest = lines.reduce((most, { length }) => Math.max(most, length), 0)
  return Array.from({ length: longest }, (_, turn) => lines.flatMap((line) => line.slice(turn, turn + 1))).flat()
}
