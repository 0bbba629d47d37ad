import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { exhaust } from './explore.ts'
import { allActions, assertSettled, type TinyInit, type TinyWorld, tinyWorld } from './queue-explore.ts'
import { exploreQueue, tinyWorlds } from './queue-explore-worlds.ts'

describe('queue: everything that can happen in a small world', () => {
  for (const { name, ...init } of tinyWorlds) {
    it(name, (t) => {
      const { states, transitions, ends, longest } = exploreQueue(init)
      assert.ok(ends > 0)
      t.diagnostic(`${states} states, ${transitions} transitions, ${ends} ends, the longest after ${longest} actions`)
    })
  }
})

describe('queue: what the search leaves out', () => {
  const worlds: TinyInit[] = [
    { peers: ['a', 'b'], workers: ['a', 'b'], n: 2, dawdles: 1, losses: { a: 1 }, delays: { b: 1 } },
    { peers: ['a', 'b'], workers: ['a', 'b'], n: 2, duplicates: { a: 1 }, overtakes: { b: 1 } },
    { peers: ['a', 'b', 'c'], workers: ['b'], n: 1, dawdles: 2, losses: { a: 1 }, crashes: { c: 1 } },
    { peers: ['a', 'b', 'c'], workers: ['b', 'c'], n: 1, overtakes: { a: 1 }, crashes: { a: 1 }, noticed: true },
  ]
  for (const init of worlds) {
    const name = `${init.peers.length} peers, ${init.n} MicroJobs, ${Object.keys(init).slice(3).join(', ')}`

    it(`orders that make no difference: without them the ends are the same (${name})`, () => {
      const world = tinyWorld(init)
      assert.deepEqual(endsOf(world), endsOf({ ...world, actions: allActions }))
    })

    it(`details that make no difference: with them the ends are the same (${name})`, () => {
      const world = tinyWorld(init)
      assert.deepEqual(endsOf(world), endsOf({ ...world, key: detailed }))
    })
  }

  function endsOf(world: ReturnType<typeof tinyWorld>): string[] {
    const { key } = tinyWorld(worlds[0]!)
    const ends = new Set<string>()
    const { complete } = exhaust(world, {
      maxStates: 300_000,
      ended: (end) => {
        assertSettled(end)
        ends.add(key(end))
      },
    })
    assert.ok(complete)
    return [...ends].sort()
  }

  /** All there is to a world, with all times as they are. */
  const detailed = (world: TinyWorld): string =>
    JSON.stringify(world, (name, value: unknown) => {
      if (name === 'settings' || name === 'homes') return undefined
      if (name === 'flights') return Object.entries(Object.groupBy(value as TinyWorld['flights'], ({ from, to }) => `${from}>${to}`)).sort()
      return value instanceof Map || value instanceof Set || value instanceof Uint8Array ? [...value] : value
    })
})
