import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Duty } from '../../src/job/duties.ts'
import { DEFAULT_PATIENCE, dutyDueMs } from '../../src/job/patience.ts'

/** docs/BENCHMARKS.md, (8): CPU of the largest circuit's proof. */
const LARGEST_PROOF_MS = 17_700

it('the next in rank begins no second proof while the first in rank may be at it on a busy machine; for a dead one it hardly waits', () => {
  const duty: Duty = { kind: 'settle', id: 'settle', before: ['first'], chunk: 0, attempt: 0, macros: [0] }
  const due = (alive: boolean) => dutyDueMs(duty, DEFAULT_PATIENCE, { sinceMs: 0, stillMs: 0, alive: () => alive })
  assert.ok(due(true) >= 3 * LARGEST_PROOF_MS)
  assert.ok(due(false) <= 1000)
})
