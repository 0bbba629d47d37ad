import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createFairLimiter } from '../../src/replica/limiter.ts'

/** A task that says when it begins, and ends when it is told to. */
function tasks() {
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const task = (name: string) => () => {
    begun.push(name)
    return new Promise<string>((resolve) => ends.set(name, () => resolve(name)))
  }
  const settle = async () => {
    for (let i = 0; i < 10; i++) await Promise.resolve()
  }
  const end = async (name: string) => {
    ends.get(name)!()
    await settle()
  }
  return { begun, task, end, settle }
}

describe('the limiter of syncs', () => {
  it('leaves places to others, however many of one key come and however long they last', async () => {
    const limit = createFairLimiter({ maxAtOnce: 4, maxOfKey: 2 })
    const { begun, task } = tasks()
    for (let i = 0; i < 20; i++) limit('flood', task(`flood${i}`))
    limit('calm', task('calm0'))
    limit('calm', task('calm1'))
    assert.deepEqual(begun, ['flood0', 'flood1', 'calm0', 'calm1'])
  })

  it('lets keys take turns, and each key its tasks in order', async () => {
    const limit = createFairLimiter({ maxAtOnce: 1, maxOfKey: 1 })
    const { begun, task, end, settle } = tasks()
    for (const name of ['a0', 'a1', 'a2', 'b0', 'b1', 'c0']) limit(name[0]!, task(name))
    await settle()
    for (let i = 0; i < 6; i++) await end(begun.at(-1)!)
    assert.deepEqual(begun, ['a0', 'a1', 'b0', 'c0', 'a2', 'b1'])
  })

  it('gives the place on after a failure, and the failure to its caller', async () => {
    const limit = createFairLimiter({ maxAtOnce: 1, maxOfKey: 1 })
    const failing = limit('a', async () => Promise.reject(new RangeError('no')))
    const next = limit('a', async () => 'next')
    await assert.rejects(failing, RangeError)
    assert.equal(await next, 'next')
  })

  it('never runs more than it may, nor fewer than it could', async () => {
    const limit = createFairLimiter({ maxAtOnce: 3, maxOfKey: 2 })
    let running = 0
    let most = 0
    const work = async () => {
      most = Math.max(most, ++running)
      await new Promise(setImmediate)
      running--
    }
    await Promise.all(Array.from({ length: 60 }, (_, i) => limit(`key${i % 4}`, work)))
    assert.deepEqual({ most, running }, { most: 3, running: 0 })
  })
})
