import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventsBetween } from '../../src/job/events.ts'
import { GRACE_MS } from '../../src/job/progress.ts'
import { JobClosedError } from '../../src/roles/errors.ts'
import { createJobOutlook } from '../../src/roles/job-outlook.ts'
import { JobWorld, peerName, plainInfo } from '../support/job-world.ts'

const complaint = { kind: 'complaint', reason: 'limits', macro: 0, micro: 0 } as const

/** A Job of one peer, and a clock whose sleeps end when they are told to. */
function watched() {
  const world = new JobWorld(plainInfo(1, 2, 2, peerName(16)), [{}])
  let nowMs = 0
  let moved = () => {}
  const sleeps: { atMs: number; end: () => void }[] = []
  const clock = { nowMs: () => nowMs, sleep: (ms: number) => new Promise<void>((end) => sleeps.push({ atMs: nowMs + ms, end })) }
  const onChange = (listener: () => void) => {
    moved = listener
    return () => {}
  }
  const outlook = createJobOutlook({ view: world.view, onChange }, { clock })
  const write = (peer: number, record: Parameters<JobWorld['write']>[1]) => {
    world.write(peerName(peer), record)
    moved()
  }
  const pass = (ms: number) => {
    nowMs += ms
    for (const { atMs, end } of sleeps) if (atMs <= nowMs) end()
  }
  return { outlook, write, pass }
}

test('a Job that its only peer gave up is over when others had their time', async () => {
  const { outlook, write, pass } = watched()
  const before = outlook.progress()
  write(0, complaint)
  assert.deepEqual([outlook.state(), outlook.progress().doubt], ['open', 'limits'])
  assert.deepEqual(eventsBetween(before, outlook.progress()), [{ type: 'job:doubted', reason: 'limits' }])
  const over = outlook.untilOver()
  pass(GRACE_MS - 1)
  assert.ok(!outlook.isOver())
  pass(1)
  await over
  assert.deepEqual([outlook.state(), outlook.progress().failure], ['failed', 'limits'])
})

test('a peer that joins meanwhile ends the doubt; a second complaint ends the Job', () => {
  const { outlook, write, pass } = watched()
  write(0, complaint)
  write(1, { kind: 'peer', wallet: `0x${'1'.repeat(40)}`, certificate: new Uint8Array(1), fingerprint: null })
  pass(10 * GRACE_MS)
  assert.deepEqual([outlook.state(), outlook.progress().doubt], ['open', undefined])
  write(1, complaint)
  assert.equal(outlook.state(), 'failed')
})

test('who waits hears that it is closed', async () => {
  const { outlook } = watched()
  const waiting = Promise.all([
    assert.rejects(outlook.untilOver(), JobClosedError),
    assert.rejects(
      outlook.until(() => false),
      JobClosedError,
    ),
  ])
  outlook.close()
  await waiting
  await assert.rejects(outlook.untilOver(), JobClosedError)
})
