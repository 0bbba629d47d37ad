import { describe, it } from 'node:test'
import { exploreQueue, tinyWorlds } from './queue-explore-worlds.ts'

/** Enough to get through a hand-over, a crash and the succession; `npm run simulate` tries twenty-five times as much. */
const MAX_STATES = 4_000

describe('queue: everything that can happen in a small world, as far as it is searched', () => {
  for (const { name, ...init } of tinyWorlds) {
    it(name, (t) => {
      const { states, transitions, depth, ends } = exploreQueue(init, MAX_STATES)
      t.diagnostic(`${states} states, ${transitions} transitions, complete to depth ${depth}, ${ends} ends played out`)
    })
  }
})
