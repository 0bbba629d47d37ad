import assert from 'node:assert/strict'
import { test } from 'node:test'
import { poseidon16 } from 'poseidon-lite/poseidon16'
import { FIELD_ORDER, fieldToHex } from '../../src/job/field.ts'
import { isJobId, jobIdOf, macroJobId, microJobIds } from '../../src/job/ids.ts'

const seed = '0123456789abcdef'.repeat(4)

test('ids are frozen: a change of any makes every peer disagree with every older one', () => {
  assert.equal(jobIdOf(new TextEncoder().encode('canonical bytes')), '85f18aaca4560c560f4a4e3e52ef34e02aeb0e9ec5133a51f648c76bca40c6')
  assert.equal(macroJobId({ seed }, 0), '1eca7bbf53214a6345257757635c855fa25a2dd6b19a0094f8cfe8a746b918e8')
  assert.equal(macroJobId({ seed }, 4), '09aa7376d6ba19887daf3402d252899f5311f84c2524dc59c6eee9eb1dde7ecd')
  const ids = microJobIds({ seed }, 3, 18)
  assert.deepEqual(
    [ids[0], ids[15], ids[16], ids[17]],
    [
      '07fced74fa91c50634b5bcbbc66b29576388f25284f51a8f3b7475a40def6b79',
      '2b7d7be808a20035b3c03b43befb60ef4178ec4ade73d9ff881b3be48828ff32',
      '09519ec83d83097c3c32d2631ca5b9482d67b56071341d5682e24b84aa538c3c',
      '2679f9d5d3f04ae7024db705e2632e6209857b8e52427bb365533e6606df4675',
    ],
  )
})

test('MicroJob ids come 16 from one permutation over (seed, macro · 65536 + group)', () => {
  const outputs = poseidon16([BigInt(`0x${seed}`), 2n * 65_536n + 1n, ...new Array<bigint>(14).fill(0n)], 16) as unknown as bigint[]
  assert.deepEqual(microJobIds({ seed }, 2, 40).slice(16, 32), outputs.map(fieldToHex))
})

test('a list of ids is the beginning of every longer one, and all differ', () => {
  const ids = microJobIds({ seed }, 0, 50)
  for (const count of [0, 1, 15, 16, 17, 49]) assert.deepEqual(microJobIds({ seed }, 0, count), ids.slice(0, count))
  const others = [microJobIds({ seed }, 1, 50), microJobIds({ seed: 'f'.repeat(63).padStart(64, '0') }, 0, 50)].flat()
  const macros = Array.from({ length: 50 }, (_, i) => macroJobId({ seed }, i))
  assert.equal(new Set([...ids, ...others, ...macros]).size, 200)
})

test('every id is a canonical element of the field', () => {
  for (const id of [...microJobIds({ seed }, 7, 32), macroJobId({ seed }, 7)]) {
    assert.match(id, /^[0-9a-f]{64}$/)
    assert.ok(BigInt(`0x${id}`) < FIELD_ORDER)
  }
  const jobId = jobIdOf(new Uint8Array(3))
  assert.ok(isJobId(jobId) && BigInt(`0x${jobId}`) < FIELD_ORDER)
  for (const text of ['', jobId.slice(1), `${jobId}0`, jobId.toUpperCase().replace(/^./, 'G')]) assert.equal(isJobId(text), false)
})
