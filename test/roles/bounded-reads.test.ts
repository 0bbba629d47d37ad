import assert from 'node:assert/strict'
import { it } from 'node:test'
import { boundedReads, type EscrowReads } from '../../src/roles/bounded-reads.ts'

it('sixteen reads are under way at most, in the order in which they came, and a failed one makes room', async () => {
  const begun: number[] = []
  const ends: PromiseWithResolvers<bigint>[] = []
  const settled = (_: bigint, chunk: number) => {
    begun.push(chunk)
    const end = Promise.withResolvers<bigint>()
    ends.push(end)
    return end.promise
  }
  const reads = boundedReads({ settled } as unknown as EscrowReads)
  const asked = Array.from({ length: 18 }, (_, chunk) => reads.settled(1n, chunk))
  assert.equal(begun.length, 16)
  ends[3]!.reject(new Error('no answer'))
  await assert.rejects(asked[3]!, /no answer/)
  ends[4]!.resolve(1n)
  assert.equal(await asked[4], 1n)
  await Promise.resolve()
  assert.deepEqual(begun.slice(16), [16, 17])
  for (const end of ends) end.resolve(0n)
  await Promise.all(asked.filter((_, chunk) => chunk !== 3))
})
