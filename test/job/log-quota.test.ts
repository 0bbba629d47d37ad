import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JobInfo } from '../../src/job/info.ts'
import { logQuotaOf } from '../../src/job/log-quota.ts'

const of = (macroJobs: number, microJobs: number, blocks: number) =>
  logQuotaOf({ slicing: { macroJobs, microJobs, blocks, chunkMacroJobs: macroJobs } as JobInfo['slicing'] })

describe('the quota of a Job', () => {
  it('leaves an author room for several attempts at all of it alone', () => {
    const { authorEntries, authorBytes } = of(5, 40, 64)
    // A commit and a reveal, with the hashes of 64 blocks.
    assert.ok(authorEntries > 3 * 2 * 200)
    assert.ok(authorBytes > 3 * 200 * (300 + 300 + 34 * 64))
  })

  it('keeps a small Job small, however many fill it', () => assert.ok(of(2, 8, 2).jobBytes < 32 * 2 ** 20))

  it('grows with the Job', () => assert.ok(of(10, 100, 64).authorBytes > 2 * of(5, 40, 64).authorBytes))
})
