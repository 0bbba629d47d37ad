/** Deeper reorganisations are not found block by block: everything that is remembered is void then. */
const MAX_REMEMBERED = 256

interface Step {
  number: number
  hash: string
}

/** The hashes of blocks that were told about, by which a reorganisation shows. */
export interface Trail {
  /** In ascending order. */
  add(step: Step): void
  last(): Step | undefined
  /** Forgets the steps from `number` on. */
  cut(number: number): void
  /** From the newest to the oldest. */
  backwards(): Step[]
}

export function createTrail(): Trail {
  const steps: Step[] = []
  return {
    add(step) {
      steps.push(step)
      if (steps.length > MAX_REMEMBERED) steps.shift()
    },
    last: () => steps.at(-1),
    cut(number) {
      while (steps.length > 0 && steps.at(-1)!.number >= number) steps.pop()
    },
    backwards: () => steps.toReversed(),
  }
}
