import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cancelJob } from '../../src/roles/cancel-job.ts'
import { JobOverError, NotTheRequesterError } from '../../src/roles/errors.ts'
import type { JobSession } from '../../src/roles/job-session.ts'
import type { JobsBoard } from '../../src/roles/jobs-board.ts'
import { JobWorld, peerName, plainInfo } from '../support/job-world.ts'

const requester = peerName(16)

function placed() {
  const world = new JobWorld(plainInfo(2, 2, 2, requester), [{}, {}])
  const { view } = world
  const dropped: string[] = []
  const board = { drop: (jobId: string) => void dropped.push(jobId) } as unknown as JobsBoard
  const append = async (record: { kind: 'cancel' }) => world.write(requester, record)
  const session = { jobId: view.jobId, view, append } as unknown as JobSession
  return { world, dropped, cancel: (self: string) => cancelJob({ self, board }, session) }
}

test('only the requester calls a Job off, and only once', async () => {
  const { world, dropped, cancel } = placed()
  await assert.rejects(cancel(peerName(0)), NotTheRequesterError)
  await cancel(requester)
  assert.deepEqual(dropped, [world.view.jobId])
  await assert.rejects(cancel(requester), (error: unknown) => error instanceof JobOverError && error.state === 'cancelled')
})

test('a Job that is agreed is not cancelled, and nothing is written', async () => {
  const { world, dropped, cancel } = placed()
  world.settle((macro) => macro % 2)
  await assert.rejects(
    cancel(requester),
    (error: unknown) => error instanceof JobOverError && error.state === 'agreed' && error.exitCode === 1,
  )
  assert.deepEqual([dropped.length, world.view.cancelledBy.size], [0, 0])
})
