import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Chain } from '../../src/ports.ts'
import { cancelJob } from '../../src/roles/cancel-job.ts'
import { JobOverError, NotThePayerError, NotTheRequesterError } from '../../src/roles/errors.ts'
import type { JobSession } from '../../src/roles/job-session.ts'
import type { JobsBoard } from '../../src/roles/jobs-board.ts'
import { JobWorld, paidInfo, peerName, plainInfo } from '../support/job-world.ts'

const requester = peerName(16)

function placed(info = plainInfo(2, 2, 2, requester)) {
  const world = new JobWorld(info, [{}, {}])
  const { view } = world
  const dropped: string[] = []
  const board = { drop: (jobId: string) => void dropped.push(jobId) } as unknown as JobsBoard
  const append = async (record: { kind: 'cancel' }) => world.write(requester, record)
  const session = { jobId: view.jobId, view, append } as unknown as JobSession
  return { world, dropped, cancel: (self: string, chain?: Chain) => cancelJob({ self, board, chain }, session) }
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

test('a paid Job is called off by the wallet that paid, in whatever letters its address is written; another hears which key to give', async () => {
  const info = paidInfo(plainInfo(2, 2, 2, requester))
  const { cancel } = placed(info)
  const asked: bigint[] = []
  const job = async () => ({ state: 'open', heldWei: 7n })
  const cancelled = async (escrowId: bigint) => void asked.push(escrowId)
  const chainOf = (wallet: string) => ({ ...info.payment, wallet, job, cancel: cancelled }) as unknown as Chain
  const other = `0x${'99'.repeat(20)}`
  await assert.rejects(cancel(requester, chainOf(other)), (error: unknown) => {
    assert.ok(error instanceof NotThePayerError)
    assert.deepEqual([error.exitCode, error.payer], [2, info.wallet])
    assert.match(`${error.message} ${error.hint}`, new RegExp(`${other}.*--wallet-key-file`))
    return true
  })
  assert.deepEqual(asked, [])
  assert.equal((await cancel(requester, chainOf(info.wallet!.toLowerCase()))).refundedWei, 7n)
  assert.equal(asked.length, 1)
})
