import { explore } from './explore.ts'
import { assertEndsWell, type TinyInit, tinyWorld } from './queue-explore.ts'

/** Each end costs some hundred steps. */
const MAX_ENDS = 150

const calm = { losses: 0, duplicates: 0, overtakes: 0, slows: 0, crashes: 0 }
const two = ['a', 'b']
const three = ['a', 'b', 'c']

/** Small worlds, each with a few faults that may strike anywhere. */
export const tinyWorlds: readonly ({ name: string } & TinyInit)[] = [
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
    name: 'three peers of which two work, messages doubled and lost',
    peers: three,
    workers: ['b', 'c'],
    n: 2,
    ...calm,
    losses: 1,
    duplicates: 2,
  },
  {
    name: 'three peers of which two work, a message is doubled, one dies',
    peers: three,
    workers: ['b', 'c'],
    n: 3,
    ...calm,
    duplicates: 1,
    crashes: 1,
  },
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

export interface Explored {
  states: number
  transitions: number
  /** Everything that so many actions can bring about was tried. */
  depth: number
  /** Worlds at the edge that were played to their end. */
  ends: number
}

/**
 * Tries everything that can happen in a world, level by level, until `maxStates` are seen, and lets worlds of the last level play on to their end.
 * Throws where an invariant breaks, with the way there.
 */
export function exploreQueue(init: TinyInit, maxStates: number): Explored {
  const { states, transitions, depth, frontier } = explore(tinyWorld(init), { maxDepth: 40, maxStates })
  const stride = Math.max(1, Math.floor(frontier.length / MAX_ENDS))
  let ends = 0
  for (let index = 0; index < frontier.length; index += stride) {
    const { world, path } = frontier[index]!
    try {
      assertEndsWell(world)
    } catch (error) {
      throw new Error(`after ${JSON.stringify(path)}: ${error instanceof Error ? error.message : error}`, { cause: error })
    }
    ends++
  }
  return { states, transitions, depth, ends }
}
