import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { JobId } from '../../src/job/ids.ts'
import type { Replica } from '../../src/ports.ts'
import { JobClosedError } from '../../src/roles/errors.ts'
import { type JobSession, openJobSession } from '../../src/roles/job-session.ts'
import { createJobSessions } from '../../src/roles/job-sessions.ts'
import { outcomeOf } from '../client/support.ts'
import { createFakeNetwork } from '../fakes/network.ts'
import { startRolePeer } from './support.ts'

const jobId = '07'.repeat(31) as JobId

/** Sessions over a real log that opens when it is told to, and says when it was begun and given up. */
async function gatedSessions(t: TestContext) {
  const peer = await startRolePeer(t, createFakeNetwork())
  const gate = Promise.withResolvers<void>()
  const seen = { begun: 0, abandoned: 0 }
  const open: Replica['open'] = async (id, options = {}) => {
    seen.begun++
    await new Promise<void>((resolve, reject) => {
      gate.promise.then(resolve)
      options.signal?.addEventListener('abort', () => {
        seen.abandoned++
        reject(options.signal?.reason)
      })
    })
    return peer.replica.open(id, options)
  }
  const sessions = createJobSessions({ replica: { ...peer.replica, open }, self: peer.self })
  return { sessions, seen, open: () => gate.resolve(), isOpen: () => peer.replica.isOpen(jobId) }
}

describe('a session that several wait for', () => {
  for (const first of [true, false]) {
    it(`opens for the ${first ? 'second where the first' : 'first where the second'} asks for the end`, async (t) => {
      const { sessions, seen, open, isOpen } = await gatedSessions(t)
      const mine = new AbortController()
      const ask = [() => sessions.open(jobId, { signal: mine.signal }), () => sessions.open(jobId)]
      const [one, other] = (first ? ask : ask.reverse()).map((open) => open()) as [Promise<JobSession>, Promise<JobSession>]
      const [ended, goesOn] = first ? [one, other] : [other, one]
      const reason = new Error('mine')
      const rejected = assert.rejects(outcomeOf(ended), reason)
      mine.abort(reason)
      await rejected
      assert.equal(await outcomeOf(goesOn), 'still waiting')
      open()
      const session = await goesOn
      assert.deepEqual(seen, { begun: 1, abandoned: 0 })
      await session.close()
      assert.ok(!isOpen())
    })
  }

  it('is given up when the last of them asks for the end, and opens anew for the next', async (t) => {
    const { sessions, seen, open, isOpen } = await gatedSessions(t)
    const ends = [new AbortController(), new AbortController()]
    const asked = ends.map(({ signal }) => sessions.open(jobId, { signal }))
    const rejected = asked.map((promise) => assert.rejects(promise))
    for (const [index, end] of ends.entries()) {
      assert.equal(seen.abandoned, 0)
      end.abort(new Error('mine'))
      await rejected[index]
    }
    assert.deepEqual(seen, { begun: 1, abandoned: 1 })
    const next = sessions.open(jobId)
    open()
    await (await next).close()
    assert.equal(seen.begun, 2)
    assert.ok(!isOpen())
  })

  it('is not even begun for who asks with a signal that is over', async (t) => {
    const { sessions, seen } = await gatedSessions(t)
    const reason = new Error('over')
    await assert.rejects(sessions.open(jobId, { signal: AbortSignal.abort(reason) }), reason)
    assert.equal(seen.begun, 0)
  })

  it('ends the waiting of who closes it, and of nobody else', async (t) => {
    const { sessions, open } = await gatedSessions(t)
    open()
    const [one, other] = await Promise.all([sessions.open(jobId), sessions.open(jobId)])
    const mine = assert.rejects(
      one.until(() => false),
      JobClosedError,
    )
    const others = other.until(() => false)
    await one.close()
    await mine
    assert.equal(await outcomeOf(others), 'still waiting')
    const rejected = assert.rejects(others, JobClosedError)
    await other.close()
    await rejected
    await assert.rejects(
      other.until(() => true),
      JobClosedError,
    )
  })
})

it('a session of its own ends all waiting as well', async (t) => {
  const { replica, self } = await startRolePeer(t, createFakeNetwork())
  const session = await openJobSession({ replica, self }, jobId)
  const rejected = assert.rejects(outcomeOf(session.until(() => false)), JobClosedError)
  await session.close()
  await rejected
})
