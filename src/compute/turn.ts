/** Lets holders through one at a time, in order of asking. */
export interface Turn {
  /** Resolves when it is the caller's turn. */
  take(): Promise<void>
  /** Ends the turn; the next begins at once. */
  end(): void
  /** Holders waiting. */
  readonly waiting: number
}

export function createTurn(): Turn {
  const queue: (() => void)[] = []
  let taken = false
  return {
    take() {
      if (taken) return new Promise((resolve) => queue.push(resolve))
      taken = true
      return Promise.resolve()
    },
    end() {
      const next = queue.shift()
      if (next === undefined) taken = false
      else next()
    },
    get waiting() {
      return queue.length
    },
  }
}
