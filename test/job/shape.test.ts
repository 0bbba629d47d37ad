import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applyRecord } from '../../src/job/filing.ts'
import type { JobRecord } from '../../src/job/records.ts'
import { createJobView } from '../../src/job/view.ts'
import { jobIdOfInfo } from '../../src/protocol/records.ts'
import { peerName, plainInfo } from '../support/job-world.ts'

const info = plainInfo(3, 2, 2, peerName(16), 2)
const bytes = new Uint8Array(32)
const commit = (macro: number, micro: number): JobRecord => ({
  kind: 'commit',
  macro,
  micro,
  attempt: 0,
  commit: bytes,
  chainHead: bytes,
  challenge: null,
})
const nonce = (chunk: number): JobRecord => ({ kind: 'nonce', chunk, attempt: 0, root: bytes, nonce: bytes })
const recheck = (macro: number, micro: number): JobRecord => ({
  kind: 'recheck',
  macro,
  micro,
  attempt: 0,
  block: 0,
  hash: bytes,
  agrees: 'both',
})
const plan = (macro: number): JobRecord => ({ kind: 'plan', macro, id: '0'.repeat(64), microJobs: ['0'.repeat(64)] })

const fitting = [commit(0, 0), commit(2, 2), nonce(1), recheck(2, 1), plan(2)]
const beyond = [commit(3, 0), commit(0, 3), commit(60_000, 4096), nonce(2), nonce(60_000), recheck(0, 2), plan(3)]

test('records of what the Job does not have are filed nowhere, whether they come before its description or after', () => {
  const described: JobRecord = { kind: 'job', info }
  for (const order of [
    [described, ...beyond, ...fitting],
    [...beyond, ...fitting, described],
  ]) {
    const view = createJobView(jobIdOfInfo(info))
    for (const record of order) applyRecord(view, peerName(record.kind === 'job' ? 16 : 0), record)
    const { commits, nonces, rechecks, plans } = view
    assert.deepEqual(
      [[...commits.keys()], [...nonces.keys()], [...rechecks.keys()], [...plans.keys()]],
      [['0/0', '2/2'], ['1/0'], ['2/1'], [2]],
    )
  }
})
