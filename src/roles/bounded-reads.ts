import type { Chain } from '../ports.ts'

/** What is read of an escrow. */
export type EscrowReads = Pick<Chain, 'job' | 'attempt' | 'nextAttempt' | 'settled' | 'stake' | 'head'>

/** An endpoint that is overrun refuses, and then nothing of the chain is known. One Job's first look keeps eight under way: it leaves room for another. */
const MAX_READS_AT_ONCE = 16

/** The same reads, of which no more are under way together than an RPC endpoint bears, however many Jobs ask. */
export function boundedReads(chain: EscrowReads): EscrowReads {
  const pass = createGate(MAX_READS_AT_ONCE)
  return {
    job: (...args) => pass(() => chain.job(...args)),
    attempt: (...args) => pass(() => chain.attempt(...args)),
    nextAttempt: (...args) => pass(() => chain.nextAttempt(...args)),
    settled: (...args) => pass(() => chain.settled(...args)),
    stake: (...args) => pass(() => chain.stake(...args)),
    // One question for all who ask at a time already.
    head: (options) => chain.head(options),
  }
}

/** Lets `most` calls through at a time; the others wait in the order in which they came. */
function createGate(most: number): <T>(call: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let inside = 0
  return async (call) => {
    if (inside < most) inside++
    // Whoever leaves hands its place on.
    else await new Promise<void>((enter) => waiting.push(enter))
    try {
      return await call()
    } finally {
      const next = waiting.shift()
      if (next === undefined) inside--
      else next()
    }
  }
}
