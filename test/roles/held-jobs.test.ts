import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JobId } from '../../src/job/ids.ts'
import { givingWay, type Held } from '../../src/roles/held-jobs.ts'

type Kind = 'open' | 'cancelled' | 'agreed'

/** Held Jobs, oldest first, each as its name, its owner and its kind. */
function held(...jobs: [name: string, owner: string, kind: Kind][]) {
  const mirrorOf = (kind: Kind) => ({ isOver: () => kind !== 'open', hasResult: () => kind === 'agreed' })
  return new Map(
    jobs.map(([name, owner, kind]) => [
      name as JobId,
      { session: { jobId: name }, mirror: mirrorOf(kind), place: { owners: [owner] } } as unknown as Held,
    ]),
  )
}
const names = (gone: Held[]) => gone.map(({ session }) => String(session.jobId))

test('a flood of cancelled Jobs pushes out no result', () => {
  const flood = Array.from({ length: 50 }, (_, index): [string, string, Kind] => [`c${index}`, 'spammer', 'cancelled'])
  const jobs = held(['a', 'honest', 'agreed'], ['b', 'honest', 'open'], ...flood)
  const gone = names(givingWay(jobs, 5))
  assert.equal(gone.length, 46)
  assert.ok(gone.every((name) => name.startsWith('c')))
  assert.equal(gone[0], 'c0')
})

test('of results the oldest of whoever has most goes first; open Jobs never do', () => {
  const jobs = held(
    ['a', 'honest', 'agreed'],
    ['s1', 'many', 'agreed'],
    ['s2', 'many', 'agreed'],
    ['o', 'many', 'open'],
    ['s3', 'many', 'agreed'],
  )
  assert.deepEqual(names(givingWay(jobs, 2)), ['s1', 's2'])
  assert.deepEqual(names(givingWay(jobs, 4)), [])
})
