import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { createJobJoins } from '../../src/roles/job-joins.ts'

const notice = (author: string, number: number) => ({
  jobId: `${author}-${number}`,
  unitPriceWei: '0',
  openMicroJobs: 1,
  holders: [author],
})

/** Joins that stay under way until they are told how they end. */
function playground() {
  let nowMs = 0
  const open = new Map<string, PromiseWithResolvers<'joined' | 'no' | 'over'>>()
  const joins = createJobJoins({
    clock: { nowMs: () => nowMs, sleep: async () => {} },
    authorOf: (jobId) => jobId.split('-')[0],
    join: ({ jobId }) => {
      const ending = Promise.withResolvers<'joined' | 'no' | 'over'>()
      open.set(jobId, ending)
      return ending.promise.finally(() => open.delete(jobId))
    },
    onEnd: () => {},
  })
  return {
    joins,
    underWay: () => [...open.keys()],
    end: async (jobId: string, outcome: 'joined' | 'no' | 'over' | Error) => {
      if (outcome instanceof Error) open.get(jobId)?.reject(outcome)
      else open.get(jobId)?.resolve(outcome)
      await setImmediate()
    },
    pass: (ms: number) => {
      nowMs += ms
    },
  }
}

const gone = new Error('nobody has it')

describe('joins in the background', () => {
  it('begin with each author in turn, and leave a place for authors that are known', async () => {
    const { joins, underWay, end } = playground()
    joins.begin([notice('good', 1)])
    await end('good-1', 'joined')
    const lies = Array.from({ length: 100 }, (_, number) => notice('liar', number))
    joins.begin(lies)
    assert.deepEqual(underWay(), ['liar-0', 'liar-1'])
    joins.begin([...lies, notice('new', 1), notice('new', 2)])
    assert.deepEqual(underWay(), ['liar-0', 'liar-1', 'new-1'])
    joins.begin([...lies, notice('good', 2)])
    assert.deepEqual(underWay(), ['liar-0', 'liar-1', 'new-1', 'good-2'])
    assert.equal(joins.count(), 4)
  })

  it('leave those to the end whose Jobs were not there, and the Jobs that failed before behind their others', async () => {
    const { joins, underWay, end, pass } = playground()
    const lies = [1, 2, 3, 4].map((number) => notice('liar', number))
    joins.begin(lies)
    await end('liar-1', gone)
    await end('liar-2', gone)
    pass(2000)
    joins.begin([...lies, notice('new', 1)])
    assert.deepEqual(underWay(), ['new-1', 'liar-3', 'liar-4'])
  })

  it('are tried again after pauses that double from two seconds to five minutes', async () => {
    const { joins, underWay, end, pass } = playground()
    const begun: number[] = []
    for (let second = 0; second < 1200; second++, pass(1000)) {
      joins.begin([notice('liar', 1)])
      if (underWay().length === 0) continue
      begun.push(second)
      await end('liar-1', gone)
    }
    assert.deepEqual(begun, [0, 2, 6, 14, 30, 62, 126, 254, 510, 810, 1110])
  })

  it('are tried again after five minutes for a Job that was over: it may have failed, and go on', async () => {
    const { joins, underWay, end, pass } = playground()
    joins.begin([notice('a', 1)])
    await end('a-1', 'over')
    pass(299_000)
    joins.begin([notice('a', 1)])
    assert.deepEqual(underWay(), [])
    pass(1000)
    joins.begin([notice('a', 1)])
    assert.deepEqual(underWay(), ['a-1'])
  })

  it('are not tried again for a Job that is not for this peer', async () => {
    const { joins, underWay, end, pass } = playground()
    joins.begin([notice('a', 1)])
    await end('a-1', 'no')
    pass(1e9)
    joins.begin([notice('a', 1)])
    assert.deepEqual(underWay(), [])
    await joins.settled()
  })
})
