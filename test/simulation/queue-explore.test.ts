import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { explore } from './explore.ts'
import { assertEndsWell, tinyWorld } from './queue-explore.ts'

/** Enough to get through a hand-over, a crash and the succession; a minute and ten times as many with EXPLORE_STATES=100000. */
const MAX_STATES = Number(process.env.EXPLORE_STATES ?? 4_000)
/** Each end costs some hundred steps. */
const MAX_ENDS = 150

const calm = { losses: 0, duplicates: 0, overtakes: 0, slows: 0, crashes: 0 }
const two = ['a', 'b']
const three = ['a', 'b', 'c']

const worlds = [
  { name: 'two peers, no fault', peers: two, workers: two, n: 2, ...calm },
  { name: 'two peers, two messages lost', peers: two, workers: two, n: 2, ...calm, losses: 2 },
  {
    name: 'two peers, messages doubled, overtaken and slow',
    peers: two,
    workers: two,
    n: 2,
    ...calm,
    duplicates: 1,
    overtakes: 1,
    slows: 2,
  },
  { name: 'two peers, one dies, one message is lost', peers: two, workers: two, n: 2, ...calm, losses: 1, crashes: 1 },
  { name: 'three peers, three MicroJobs, no fault', peers: three, workers: three, n: 3, ...calm },
  { name: 'three peers, one dies', peers: three, workers: three, n: 2, ...calm, crashes: 1 },
  { name: 'three peers of which two work, two messages lost', peers: three, workers: ['b', 'c'], n: 2, ...calm, losses: 2 },
  {
    name: 'three peers of which one works, one dies, one message is lost',
    peers: three,
    workers: ['b'],
    n: 3,
    ...calm,
    losses: 1,
    crashes: 1,
  },
  { name: 'three peers of which one works, two die in turn', peers: three, workers: ['b'], n: 2, ...calm, crashes: 2 },
  {
    name: 'three peers of which two work, slow messages, one dies',
    peers: three,
    workers: ['b', 'c'],
    n: 2,
    ...calm,
    slows: 2,
    crashes: 1,
  },
]

describe('queue: everything that can happen in a small world', () => {
  for (const { name, ...init } of worlds) {
    it(name, (t) => {
      const found = explore(tinyWorld(init), { maxDepth: 40, maxStates: MAX_STATES })
      const stride = Math.max(1, Math.floor(found.frontier.length / MAX_ENDS))
      let ends = 0
      for (let index = 0; index < found.frontier.length; index += stride) {
        const { world, path } = found.frontier[index]!
        try {
          assertEndsWell(world)
        } catch (error) {
          assert.fail(`after ${JSON.stringify(path)}: ${error instanceof Error ? error.message : error}`)
        }
        ends++
      }
      t.diagnostic(`${found.states} states, ${found.transitions} transitions, complete to depth ${found.depth}, ${ends} ends played out`)
    })
  }
})
