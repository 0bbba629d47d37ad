import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Clock } from '../../src/ports.ts'
import { createCommitWriter } from '../../src/roles/commit-writer.ts'

/** Time that stands still until the test moves it. */
function handClock() {
  let nowMs = 0
  let sleepers: { atMs: number; wake(): void }[] = []
  const clock: Clock = {
    nowMs: () => nowMs,
    sleep(ms, { signal } = {}) {
      return new Promise((resolve, reject) => {
        const abort = () => reject(signal?.reason)
        if (signal?.aborted) abort()
        signal?.addEventListener('abort', abort, { once: true })
        sleepers.push({ atMs: nowMs + ms, wake: resolve })
      })
    },
  }
  const advance = async (ms: number) => {
    nowMs += ms
    const due = sleepers.filter(({ atMs }) => atMs <= nowMs)
    sleepers = sleepers.filter(({ atMs }) => atMs > nowMs)
    for (const { wake } of due) wake()
    await settled()
  }
  return { clock, advance }
}

/** All that can happen without time has happened. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

function startWriter({ store = async (result: number) => result }: { store?(result: number): Promise<number> } = {}) {
  const { clock, advance } = handClock()
  const written: number[][] = []
  const writer = createCommitWriter<number, number>(clock, { store, write: async (commits) => void written.push([...commits]) })
  return { writer, written, advance }
}

describe('a commit writer', () => {
  it('writes the first commit at once and those of the next 200 ms together', async () => {
    const { writer, written, advance } = startWriter()
    for (const result of [1, 2, 3]) {
      await writer.add(result)
      await settled()
    }
    assert.deepEqual(written, [[1]])
    await advance(199)
    assert.deepEqual(written, [[1]])
    await advance(1)
    assert.deepEqual(written, [[1], [2, 3]])
  })

  it('writes one by one what takes longer than the pause', async () => {
    const { writer, written, advance } = startWriter()
    for (const result of [1, 2, 3]) {
      await writer.add(result)
      await advance(201)
    }
    assert.deepEqual(written, [[1], [2], [3]])
  })

  it('does not wait for more than sixteen, nor when asked to write', async () => {
    const { writer, written } = startWriter()
    for (let result = 0; result < 20; result++) await writer.add(result)
    await settled()
    assert.deepEqual(
      written.map((commits) => commits.length),
      [1, 16],
    )
    await writer.flush()
    assert.deepEqual(
      written.flat(),
      Array.from({ length: 20 }, (_, result) => result),
    )
  })

  it('loses nothing that is stored while others are written, and closes with all written', async () => {
    const stores: PromiseWithResolvers<void>[] = []
    const { writer, written, advance } = startWriter({
      async store(result) {
        const stored = Promise.withResolvers<void>()
        stores.push(stored)
        await stored.promise
        return result
      },
    })
    const added = [1, 2, 3].map((result) => writer.add(result))
    await settled()
    for (let at = 0; at < 3; at++) {
      stores[at]?.resolve()
      await advance(200)
    }
    await Promise.all(added)
    const closed = writer.close()
    for (const { resolve } of stores) resolve()
    await closed
    assert.deepEqual(written.flat().sort(), [1, 2, 3])
  })

  it('holds one result back until the one before it is stored', async () => {
    const first = Promise.withResolvers<void>()
    const { writer } = startWriter({ store: async (result) => (result === 1 ? first.promise.then(() => result) : result) })
    await writer.add(1)
    let isTaken = false
    const second = writer.add(2).then(() => {
      isTaken = true
    })
    await settled()
    assert.equal(isTaken, false)
    first.resolve()
    await second
    await writer.close()
  })

  it('throws at the next call what failed in the background, and writes nothing more', async () => {
    const failure = new Error('the disk is full')
    const { writer, written } = startWriter({
      async store(result) {
        if (result === 2) throw failure
        return result
      },
    })
    await writer.add(1)
    await writer.add(2)
    await assert.rejects(writer.add(3), failure)
    await assert.rejects(writer.flush(), failure)
    await assert.rejects(writer.close(), failure)
    assert.deepEqual(written, [[1]])
  })
})
