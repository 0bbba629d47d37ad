import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ChainEvent } from '../../src/ports.ts'
import { createChunkBook } from '../../src/roles/escrow-chunks.ts'
import { paidInfo, peerName, plainInfo } from '../support/job-world.ts'

const PROPOSAL = `0x${'ab'.repeat(32)}`
const MINUTE_MS = 60_000

/** A chain that says of each chunk what stands in `on`. */
function bookOf(chunks: number) {
  const on = new Map<number, { root: bigint; beacon?: bigint; settled?: bigint }>()
  const asked: string[] = []
  let nowMs = 0
  let under = 0
  let most = 0
  let failsAfter = Number.POSITIVE_INFINITY
  const answer = async <T>(call: string, value: () => T): Promise<T> => {
    if (asked.length >= failsAfter) throw new Error('no answer')
    asked.push(call)
    most = Math.max(most, ++under)
    await Promise.resolve()
    under--
    return value()
  }
  const chain = {
    nextAttempt: (_: bigint, chunk: number) => answer(`next ${chunk}`, () => (on.has(chunk) ? 1 : 0)),
    settled: (_: bigint, chunk: number) => answer(`settled ${chunk}`, () => on.get(chunk)?.settled ?? 0n),
    attempt: ({ chunk }: { chunk: number }) =>
      answer(`attempt ${chunk}`, () => {
        const found = on.get(chunk)
        return found && { root: found.root, proposal: PROPOSAL, commitBlock: 1, beacon: found.beacon }
      }),
  }
  const book = createChunkBook({ chain, clock: { nowMs: () => nowMs } }, paidInfo(plainInfo(chunks, 1, 1, peerName(16), 1)), 7n)
  return {
    book,
    on,
    asked: () => asked.splice(0),
    most: () => most,
    failAfter: (calls: number) => {
      failsAfter = calls
    },
    wait: (ms: number) => {
      nowMs += ms
    },
  }
}

const where = { escrowId: 7n, attempt: 0, blockNumber: 100, transaction: '0x' }
const root = (chunk: number, of: bigint): Extract<ChainEvent, { chunk: number }> => ({
  type: 'root:committed',
  ...where,
  chunk,
  root: of,
  proposal: PROPOSAL,
  committer: '0x1',
})

describe('what is known of the chunks of an escrow', () => {
  it('is asked for once, no more than eight at a time, and goes on where it broke off', async () => {
    const { book, asked, most, failAfter } = bookOf(100)
    failAfter(40)
    await assert.rejects(book.read({}), /no answer/)
    failAfter(1000)
    assert.equal(await book.read({}), true)
    const calls = asked()
    assert.equal(calls.length, 100)
    assert.equal(new Set(calls).size, 100)
    assert.equal(most(), 8)
    await book.read({})
    assert.deepEqual([asked(), book.hasDoubts()], [[], false])
  })

  it('is asked for again where an event names the chunk, until the chain shows what the event has told', async () => {
    const { book, on, asked } = bookOf(3)
    await book.read({})
    asked()
    book.tell(root(1, 5n))
    assert.equal(await book.read({}), false, 'an endpoint is a block behind')
    assert.deepEqual([asked(), book.hasDoubts()], [['next 1'], true])
    on.set(1, { root: 5n })
    assert.equal(await book.read({}), true)
    assert.deepEqual(asked(), ['next 1', 'settled 1', 'attempt 1'])
    assert.equal(book.facts().attempts.get('1/0')?.root, 5n)
    assert.equal(book.hasDoubts(), false)
  })

  it('no longer waits for an event that a reorganisation took', async () => {
    const { book } = bookOf(3)
    await book.read({})
    book.tell(root(1, 5n))
    book.reorganized(101)
    assert.equal(await book.read({}), false, 'it stands in a block below')
    book.reorganized(100)
    assert.equal(await book.read({}), true)
  })

  it('is asked for again when it moves while it is read', async () => {
    const { book, on, asked } = bookOf(1)
    on.set(0, { root: 5n, beacon: 6n })
    const reading = book.read({})
    book.reorganized(0)
    await reading
    asked()
    on.set(0, { root: 8n, beacon: 9n })
    await book.read({})
    assert.deepEqual(asked(), ['next 0', 'settled 0', 'attempt 0'], 'no beacon of the other chain is kept')
    assert.equal(book.facts().attempts.get('0/0')?.beacon, 9n)
  })

  it('is final where everything was settled long before a reorganisation', async () => {
    const { book, on, asked } = bookOf(3)
    on.set(0, { root: 5n, beacon: 6n, settled: 1n })
    on.set(1, { root: 5n, beacon: 6n, settled: 1n })
    await book.read({})
    book.seal(100)
    asked()
    book.reorganized(165)
    await book.read({})
    assert.deepEqual(asked(), ['next 2'])
    book.reorganized(164)
    await book.read({})
    assert.deepEqual(
      new Set(asked()),
      new Set([0, 1].flatMap((chunk) => [`next ${chunk}`, `settled ${chunk}`, `attempt ${chunk}`]).concat('next 2')),
    )
  })

  it('is asked for again after ten minutes, one at a time, but for what is settled', async () => {
    const { book, on, asked, wait } = bookOf(3)
    on.set(0, { root: 5n, beacon: 6n, settled: 1n })
    await book.read({})
    book.seal(100)
    asked()
    wait(10 * MINUTE_MS - 1)
    assert.equal(book.age(), false)
    wait(1)
    for (const chunk of [1, 2]) {
      assert.equal(book.age(), true)
      await book.read({})
      assert.deepEqual(asked(), [`next ${chunk}`])
    }
    assert.equal(book.age(), false)
  })
})
