import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createTurns } from '../../src/proof/turns.ts'

describe('turns', () => {
  it('are taken one after another, also after one that failed', async () => {
    const takeTurn = createTurns()
    const log: string[] = []
    const work = (name: string) => async () => {
      log.push(`${name} begins`)
      await Promise.resolve()
      log.push(`${name} ends`)
      if (name === 'b') throw new Error('b failed')
      return name
    }
    const turns = ['a', 'b', 'c'].map((name) => takeTurn(work(name)))
    const results = await Promise.allSettled(turns)
    assert.deepEqual(log, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
  })

  it('are given up by an abort, and nobody overtakes', async () => {
    const takeTurn = createTurns()
    const first = Promise.withResolvers<void>()
    const controller = new AbortController()
    const order: string[] = []
    const a = takeTurn(() => first.promise.then(() => order.push('a')))
    const b = takeTurn(async () => order.push('b'), { signal: controller.signal })
    const c = takeTurn(async () => order.push('c'))
    controller.abort(new Error('no longer'))
    await assert.rejects(b, /no longer/)
    assert.equal(order.length, 0)
    first.resolve()
    await Promise.all([a, c])
    assert.equal(order.join(), 'a,c')
    await assert.rejects(
      takeTurn(async () => order.push('d'), { signal: AbortSignal.abort(new Error('before')) }),
      /before/,
    )
    await takeTurn(async () => order.push('e'))
    assert.equal(order.join(), 'a,c,e')
  })
})
