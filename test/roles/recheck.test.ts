import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { after, before, describe, it, type TestContext } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import type { Compute, WgslProgram } from '../../src/ports.ts'
import { recheck } from '../../src/roles/verifier.ts'
import { openCompute, program } from '../compute/support.ts'
import { createFakeNetwork } from '../fakes/network.ts'
import { fakeBlocks, memoryVault, startRolePeer, writeJob } from './support.ts'

let compute: Compute
before(async () => {
  compute = await openCompute()
})
after(() => compute.stop())

/** What a third peer writes that is asked about a block of `shape`; what the two have opened is nowhere. */
async function written(
  t: TestContext,
  shape: WgslProgram,
  verification: { mode: 'exact' } | { mode: 'tolerance'; absolute: number; relative: number },
) {
  const peer = await startRolePeer(t, createFakeNetwork())
  const { jobId, info, session } = await writeJob(peer)
  const job = {
    jobId,
    info: { ...info, verification },
    session,
    program: shape,
    holders: [],
    secret: new Uint8Array(32),
    clock: systemClock,
  }
  const work = { compute, blocks: fakeBlocks().blocks, vault: memoryVault(), wallet: '', walletKey: new Uint8Array(32) }
  const dispute = { macro: 0, micro: 0, block: 0, processor: 'a', validator: 'b' }
  const duty = { id: 'x', mark: '', rank: 0, kind: 'recheck', macro: 0, attempt: 0, dispute } as const
  await recheck(work, { ...job, providers: () => [], pace: undefined as never }, duty as never)
  const rechecks = [...session.view.rechecks.values()].flatMap((by) => [...by.values()])
  return { complaints: [...session.view.complaints.values()], agrees: rechecks.map(({ record }) => record.agrees) }
}

describe('a third peer', () => {
  const shape = (body: string, exact: boolean) => program(body, { invocations: 1024, exact })
  // The first workgroup takes its time; others find its word or do not, as they are in a later dispatch or in the same. No lint sees that.
  const slow = 'var s = i; for (var k = 0u; k < 2000000u; k++) { s = s * 747796405u + P[1]; } O[i] = s | 1u;'
  const racy = `if (i < 64u) { ${slow} } else { O[i] = O[0]; }`
  const ANSWERS = [{ kind: 'complaint', reason: 'answers', macro: 0, micro: 0 }]

  // a device of one core runs workgroups one after another: there the program has one answer
  const skip = availableParallelism() < 2
  it('gives a Job up whose program has two results, and speaks for nobody', { skip }, async (t) => {
    assert.deepEqual(await written(t, shape(racy, true), { mode: 'exact' }), { complaints: ANSWERS, agrees: [] })
  })

  it('speaks where there is one', async (t) => {
    assert.deepEqual(await written(t, shape('O[i] = i;', true), { mode: 'exact' }), { complaints: [], agrees: ['neither'] })
  })

  it('looks once where results need only be near', async (t) => {
    const near = { mode: 'tolerance', absolute: 1, relative: 1 } as const
    // what the two found is nowhere to be had, so it comes to no verdict, and to no complaint
    await assert.rejects(written(t, shape(racy, false), near), { name: 'ResultNotServedError' })
  })
})
