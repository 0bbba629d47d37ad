import { UNSERVED } from '../support/job-world.ts'

/** Who has the bytes of a result in hand. */
export interface Holder {
  away: boolean
}

/** What production waits for a result before it is lacking (src/roles/take-results.ts), and what a fetch takes that succeeds. */
const LACKING_MS = 10_000
const FETCH_MS = 300

/** The bytes of results, apart from the records that name them: whoever died takes along what nobody has fetched. */
export class ResultBytes {
  readonly #holders = new Map<string, Set<Holder>>()

  /** The name of a result; one that is not served is held by nobody. */
  static cidOf(author: string, unserved: boolean, macro: number, micro: number, attempt: number): string {
    return `${unserved ? UNSERVED : 'bafkresult'}/${author}/${macro}/${micro}/${attempt}`
  }

  hold(cid: string, holder: Holder) {
    if (cid.startsWith(UNSERVED)) return
    this.#holders.set(cid, (this.#holders.get(cid) ?? new Set()).add(holder))
  }

  isServed(cid: string): boolean {
    return [...(this.#holders.get(cid) ?? [])].some(({ away }) => !away)
  }

  takesMs(cids: readonly string[]): number {
    return cids.every((cid) => this.isServed(cid)) ? FETCH_MS : LACKING_MS
  }
}
