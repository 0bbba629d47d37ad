import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Envelope } from '../../src/replica/envelope.ts'
import { decodeEnvelope } from '../../src/replica/envelope.ts'
import { DEFAULT_LIMITS, type LogLimits } from '../../src/replica/limits.ts'
import { LogState } from '../../src/replica/log-state.ts'
import { chain, forge, honest } from './forge.ts'
import { contextOf, newSigner } from './support.ts'

const context = contextOf('job')

function stateOf(envelopes: readonly Envelope[], limits: Partial<LogLimits> = {}): LogState {
  const state = new LogState(context, { ...DEFAULT_LIMITS, ...limits })
  for (const envelope of envelopes) state.commit([envelope])
  return state
}

const view = (state: LogState) => [...state.entries()].map(({ author, key, value }) => `${author}/${key}=${value}`).sort()

/** Any order, with repetitions. */
const arrivals = (pool: readonly Envelope[]) =>
  fc
    .tuple(fc.shuffledSubarray([...pool], { minLength: pool.length }), fc.array(fc.nat(pool.length - 1), { maxLength: 10 }))
    .map(([order, again]) => [...order, ...again.map((i) => pool[i]!), ...order])

describe('a Job’s state', () => {
  it('is the same whatever order envelopes come in, however often', async () => {
    const authors = [newSigner(), newSigner(), newSigner()]
    const logs = await Promise.all(
      authors.map((author, i) =>
        chain(
          context,
          author,
          ['a', 'b', 'c', 'd'].map((key) => `${key}${i}`),
        ),
      ),
    )
    const pool = logs.flat()
    const expected = stateOf(pool)
    assert.equal(view(expected).length, 12)
    fc.assert(
      fc.property(arrivals(pool), (order) => {
        const state = stateOf(order)
        assert.deepEqual(view(state), view(expected))
        assert.deepEqual(state.digest(), expected.digest())
      }),
      { numRuns: 100 },
    )
  })

  it('keeps each author’s order', async () => {
    const keys = Array.from({ length: 12 }, (_, i) => `key/${i}`)
    const pool = await chain(context, newSigner(), keys)
    fc.assert(
      fc.property(arrivals(pool), (order) => {
        assert.deepEqual(
          [...stateOf(order).entries()].map(({ key }) => key),
          keys,
        )
      }),
      { numRuns: 50 },
    )
  })

  it('shows an entry once that its author repeats after a restart', async () => {
    const author = newSigner()
    const pool = [...(await chain(context, author, ['a', 'b'], 1)), ...(await chain(context, author, ['b', 'a', 'c'], 2))]
    const expected = stateOf(pool)
    assert.deepEqual(
      [...expected.entries()].map(({ key }) => key),
      ['a', 'b', 'c'],
    )
    fc.assert(
      fc.property(arrivals(pool), (order) => {
        const state = stateOf(order)
        assert.deepEqual(view(state), view(expected))
        assert.deepEqual(state.digest(), expected.digest())
      }),
      { numRuns: 50 },
    )
  })

  it('holds a bounded number of envelopes that come too early, and takes them when the gap closes', async () => {
    const author = newSigner()
    const pool = await chain(
      context,
      author,
      Array.from({ length: 12 }, (_, i) => `k${i}`),
    )
    const state = stateOf([], { maxHeldPerLog: 4 })
    const early = state.commit(pool.slice(1, 9)).outcomes.map((outcome) => (typeof outcome === 'string' ? outcome : outcome.code))
    assert.deepEqual(early, [...Array(4).fill('held'), ...Array(4).fill('held-full')])
    const { applied } = state.commit([pool[0]!])
    assert.equal(applied.length, 5)
    assert.equal(state.log(`${author.peer}/1`)!.held.size, 0)
  })

  it('does not take more authors, or bytes, than a Job may have', async () => {
    const [a, b, c] = await Promise.all([1, 2, 3].map(() => honest(context, newSigner(), 'k')))
    const crowded = stateOf([a!, b!], { maxAuthors: 2 })
    assert.equal(outcomeOf(crowded, c!), 'log-full')
    const full = stateOf([a!], { maxJobBytes: a!.update.length })
    assert.equal(outcomeOf(full, b!), 'log-full')
  })

  it('refuses an author’s key twice in one log, and what comes after it stays out everywhere', async () => {
    const author = newSigner()
    const first = await honest(context, author, 'k')
    const second = await honest(context, author, 'k', 'other', { from: 1, totalBytes: first.totalBytes })
    const third = await honest(context, author, 'l', 'l', { from: 2, totalBytes: second.totalBytes })
    for (const order of [
      [first, second, third],
      [third, second, first],
      [first, third, second],
    ]) {
      assert.equal(view(stateOf(order)).length, 1)
    }
  })

  it('does not open a log for what it refuses', async () => {
    const author = newSigner()
    const { update } = await honest(context, author, 'k')
    const wrong = decodeEnvelope(context, await forge(context, author, update, { totalBytes: 1 }))
    const state = stateOf([wrong])
    assert.deepEqual([...state.logs()], [])
    assert.equal(outcomeOf(state, await honest(context, author, 'k')), 'applied')
  })
})

function outcomeOf(state: LogState, envelope: Envelope): string {
  const [outcome] = state.commit([envelope]).outcomes
  return typeof outcome === 'string' ? outcome : outcome!.code
}
