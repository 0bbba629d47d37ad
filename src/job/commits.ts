import { fitsClass } from './bench.ts'
import type { Pick } from './chunk-state.ts'
import { isSignedLeaf } from './escrow-proposal.ts'
import type { JobInfo } from './info.ts'
import { isPaid } from './payment.ts'
import type { RecordOf } from './records.ts'
import { type Authored, type JobView, microKey } from './view.ts'

/** Names an author's commits on one MicroJob, whatever the attempt. */
export const sinceKey = (macro: number, micro: number, author: string) => `${microKey(macro, micro)}/${author}`

/** Which commits count in one attempt. */
export class Commits {
  readonly #view: JobView
  readonly #info: JobInfo
  readonly #twoHeaded: ReadonlySet<string>
  readonly #unstaked: ReadonlySet<string>
  readonly #since: Map<string, number>
  readonly #culprits: ReadonlySet<string>
  readonly #barred: ReadonlySet<string>
  readonly #attempt: number

  constructor(
    view: JobView,
    info: JobInfo,
    { twoHeaded, unstaked }: { twoHeaded: ReadonlySet<string>; unstaked: ReadonlySet<string> },
    since: Map<string, number>,
    { culprits, barred }: { culprits: ReadonlySet<string>; barred: ReadonlySet<string> },
    attempt: number,
  ) {
    this.#view = view
    this.#info = info
    this.#twoHeaded = twoHeaded
    this.#unstaked = unstaked
    // The map goes on changing with later attempts; this attempt's picture of it must not.
    this.#since = new Map(since)
    this.#culprits = culprits
    this.#barred = barred
    this.#attempt = attempt
  }

  /**
   * The commits that a proposal may pick, those among them that were given up: a vote that comes late must not undo what has been agreed on them since.
   */
  of(macro: number, micro: number) {
    return (this.#view.commits.get(microKey(macro, micro)) ?? []).filter(({ author, record }) => {
      if (record.attempt > this.#attempt || this.#culprits.has(author)) return false
      if (isPaid(this.#info) && !isSignedLeaf(this.#view, this.#info, author, record)) return false
      return this.#view.peers.has(author) && fitsClass(this.#view, this.#info, author)
    })
  }

  /** True for a commit of an attempt that was given up for its author's sake, and for any by one who keeps back too often. */
  isStale(macro: number, micro: number, { author, record }: Authored<RecordOf<'commit'>>): boolean {
    return this.#barred.has(author) || record.attempt < (this.#since.get(sinceKey(macro, micro, author)) ?? 0)
  }

  /** Those that an honest peer builds on. */
  #sound(macro: number, micro: number) {
    return this.#fresh(macro, micro).filter(({ author }) => !this.#unstaked.has(author))
  }

  #fresh(macro: number, micro: number) {
    return this.of(macro, micro).filter((commit) => !this.#twoHeaded.has(commit.author) && !this.isStale(macro, micro, commit))
  }

  /** Everybody with a commit that counts in these MacroJobs. */
  authors(macros: readonly number[]): Set<string> {
    return new Set(macros.flatMap((macro) => this.#micros().flatMap((micro) => this.#sound(macro, micro).map(({ author }) => author))))
  }

  openMicroJobs(macro: number): number[] {
    return this.#micros().filter((micro) => this.#sound(macro, micro).length === 0)
  }

  /** True where each MicroJob of these has been processed, by whomever: a bond that goes later makes no attempt unfinished that was over. */
  cover(macros: readonly number[]): boolean {
    return macros.every((macro) => this.#micros().every((micro) => this.#fresh(macro, micro).length > 0))
  }

  #micros(): number[] {
    return Array.from({ length: this.#info.slicing.microJobs }, (_, micro) => micro)
  }

  /**
   * Of a MicroJob's commits the latest by the author with the smallest id: which of two equal commits is paid must not hang on who counts them.
   */
  pick(macro: number, micro: number): Pick | undefined {
    const sorted = this.#sound(macro, micro).sort((a, b) =>
      a.author === b.author ? b.record.attempt - a.record.attempt : a.author < b.author ? -1 : 1,
    )
    return sorted[0] && { author: sorted[0].author, attempt: sorted[0].record.attempt }
  }
}
