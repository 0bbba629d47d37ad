import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isQuiet, makeWay, type Place, QUIET_MS, QUIET_WITH_DEADLINE_MS, STALE_MS, sizeOfJob } from '../../src/roles/held-places.ts'
import { peerName, plainInfo } from '../support/job-world.ts'

type Named = Place & { name: string }

const NOW = 1_800_000_000_000
const LIMITS = { maxJobs: 256, maxJobsOfPeer: 16, maxJobsOfNetwork: 32, maxBytes: Number.POSITIVE_INFINITY }

/** A Job that last moved `agoMs` before now. */
function job(owner: string, { agoMs = 0, name = owner, ...rest }: Partial<Named> & { agoMs?: number } = {}): Named {
  return { name, owners: [owner], bytes: 10, files: [], lastRecordMs: NOW - agoMs, ...rest }
}
const wanted = (owner: string, rest: Partial<Place> = {}) => ({ owners: [owner], bytes: 10, files: [], ...rest })
const names = (way: Named[] | string) => (typeof way === 'string' ? way : way.map(({ name }) => name))
const times = <T>(count: number, make: (index: number) => T) => Array.from({ length: count }, (_, index) => make(index))

/** What a holder is left with when all of `wishes` have asked, one after the other. */
function askAll(wishes: readonly Named[], limits = LIMITS): { held: Named[]; refused: number } {
  let held: Named[] = []
  let refused = 0
  for (const wish of wishes) {
    const way = makeWay(held, wish, limits, NOW)
    if (typeof way === 'string') refused++
    else held = [...held.filter((each) => !way.includes(each)), wish]
  }
  return { held, refused }
}

describe('the places of a holder', () => {
  it('five keys, and a network of a thousand keys, take a small part', () => {
    const ofFive = askAll(times(320, (index) => job(`k${index % 5}`)))
    assert.equal(ofFive.held.length, 80)
    const ofOneNetwork = askAll(times(1000, (index) => job(`k${index}`, { network: '203.0.113.0/24' })))
    assert.equal(ofOneNetwork.held.length, 32)
    assert.equal(makeWay(ofOneNetwork.held, wanted('new', { network: '203.0.113.0/24' }), LIMITS, NOW), 'network')
    assert.deepEqual(names(makeWay(ofOneNetwork.held, wanted('new', { network: '198.51.100.0/24' }), LIMITS, NOW)), [])
  })

  it('of a full one the least active Job of whoever has most gives way, and only to who has less', () => {
    const flood = times(254, (index) => job(`k${index % 16}`, { name: `flood${index}`, agoMs: 1000 + index }))
    const honest = times(2, (index) => job('honest', { name: `honest${index}`, agoMs: 5000 }))
    const taken = [...flood, ...honest]
    // k0 to k13 have 16 each; of theirs flood253 moved longest ago.
    assert.deepEqual(names(makeWay(taken, wanted('new'), LIMITS, NOW)), ['flood253'])
    assert.deepEqual(names(makeWay(taken, wanted('honest'), LIMITS, NOW)), ['flood253'])
    assert.equal(makeWay(taken, wanted('k15'), LIMITS, NOW), 'places')
    assert.equal(makeWay(taken, wanted('k0'), LIMITS, NOW), 'requester')
  })

  it('those who have the same do not push each other out, but what stood still for a day goes', () => {
    const taken = times(256, (index) => job(`k${index}`, { agoMs: index === 7 ? STALE_MS - 1 : 0 }))
    assert.equal(makeWay(taken, wanted('new'), LIMITS, NOW), 'places')
    assert.deepEqual(names(makeWay(taken, wanted('new'), LIMITS, NOW + 1)), ['k7'])
  })

  it('what is being fetched counts, and does not give way', () => {
    const taken = times(256, (index) => job('k', { isUnderWay: true, name: `${index}` }))
    assert.equal(makeWay(taken, wanted('new'), LIMITS, NOW), 'places')
  })
})

describe('the disk of a holder', () => {
  const limits = { ...LIMITS, maxBytes: 20 }

  it('takes two Jobs of 10 bytes where 20 are allowed, and none of 21', () => {
    const { held, refused } = askAll(
      times(8, (index) => job(`k${index}`)),
      limits,
    )
    assert.deepEqual([held.length, refused], [2, 6])
    assert.equal(makeWay(held, wanted('new'), limits, NOW), 'disk')
    assert.equal(makeWay([], wanted('new', { bytes: 21 }), limits, NOW), 'disk')
  })

  it('goes by halves: who has more of it gives up a Job for who has less', () => {
    const both = [job('greedy', { name: 'a', agoMs: 5 }), job('greedy', { name: 'b', agoMs: 9 })]
    assert.deepEqual(names(makeWay(both, wanted('new'), limits, NOW)), ['b'])
    assert.equal(makeWay(both, wanted('new', { bytes: 20 }), limits, NOW), 'disk')
  })

  it('counts what several Jobs share once, and results before they are there', () => {
    const files = [{ cid: 'data', bytes: 9 }]
    const { held } = askAll(
      times(20, (index) => job('one', { files, name: `${index}` })),
      { ...limits },
    )
    // 9 shared, and 1 byte of its own each: eleven of them.
    assert.equal(held.length, 11)
    const info = plainInfo(2, 3, 4, peerName(0))
    assert.equal(sizeOfJob(info).bytes, info.code.bytes + 2 * 3 * 4 * 4)
  })
})

it('a Job is let go after a week without a new record, one with a deadline after a month', () => {
  const place = { lastRecordMs: NOW }
  assert.deepEqual(
    [QUIET_MS - 1, QUIET_MS].map((ms) => isQuiet(place, { deadline: null }, NOW + ms)),
    [false, true],
  )
  assert.deepEqual(
    [QUIET_MS, QUIET_WITH_DEADLINE_MS].map((ms) => isQuiet(place, { deadline: 9_999_999_999 }, NOW + ms)),
    [false, true],
  )
})
