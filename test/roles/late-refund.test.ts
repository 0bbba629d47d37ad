import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { silentLogger } from '../../src/log.ts'
import type { Chain, Clock, EscrowJobState } from '../../src/ports.ts'
import { refundLate } from '../../src/roles/late-refund.ts'
import { finishStaleJobs } from '../../src/roles/stale-jobs.ts'
import { createFakeNetwork } from '../fakes/network.ts'
import { JobWorld, paidInfo, peerName, plainInfo } from '../support/job-world.ts'
import { processorParts, startRolePeer, writeJob } from './support.ts'

/** Stands for the contract: it knows one escrow, and counts what it is asked to give back. */
function chainAt({
  state = 'working',
  late = 1,
  deadline = 4_000_000_000,
  payment = paidInfo(plainInfo(1, 1, 1, peerName(16))).payment,
}: {
  state?: EscrowJobState
  late?: number
  deadline?: number
  payment?: { chainId: number; escrow: string } | undefined
} = {}) {
  const refunded: bigint[] = []
  const chain = {
    ...payment,
    job: async () => ({ state, deadline }),
    head: async () => ({ number: 1, timestamp: deadline + late }),
    refund: async (escrowId: bigint) => void refunded.push(escrowId),
  } as unknown as Chain
  return { chain, refunded }
}

describe('a refund that comes late', () => {
  const { view } = new JobWorld(paidInfo(plainInfo(1, 1, 1, peerName(16))), [{}])
  const asked = async (facts: Parameters<typeof chainAt>[0], job = view) => {
    const { chain, refunded } = chainAt(facts)
    await refundLate({ chain, logger: silentLogger }, job, {})
    return refunded.length
  }

  it('is asked for where the deadline has passed by the clock of the chain, and the escrow still holds something', async () => {
    for (const state of ['open', 'working'] as const) assert.equal(await asked({ state }), 1)
    for (const state of ['settled', 'cancelled', 'refunded'] as const) assert.equal(await asked({ state }), 0)
    assert.equal(await asked({ late: 0 }), 0)
  })

  it('is not asked for a Job of another chain, nor for one that pays nothing', async () => {
    assert.equal(await asked({ payment: { chainId: 1, escrow: `0x${'ab'.repeat(20)}` } }), 0)
    assert.equal(await asked({}, new JobWorld(plainInfo(1, 1, 1, peerName(16)), [{}]).view), 0)
  })
})

describe('a peer that starts', () => {
  /** A paid Job that this peer has heard of in an earlier run, and joined where `joins`. */
  async function started(t: TestContext, joins: boolean, finishedAtMs?: number) {
    const network = createFakeNetwork()
    const requester = await startRolePeer(t, network)
    const { components } = await processorParts(t, network)
    const { jobId } = await writeJob(requester, paidInfo(plainInfo(1, 1, 1, requester.self)))
    const session = await components.sessions.open(jobId)
    await session.until(({ info }) => info !== undefined)
    const { wallet, certificate } = components
    if (joins) await session.append({ kind: 'peer', wallet, certificate, fingerprint: null })
    await session.close()
    const { chain, refunded } = chainAt()
    const blocks = {
      owners: async () => (finishedAtMs === undefined ? [] : [{ owner: jobId, pinnedAtMs: 0, finishedAtMs }]),
      finish: async () => {},
    }
    const { nowMs, sleep } = components.clock
    // Its look at what others may tell is over at once.
    const clock: Clock = { nowMs, sleep: (ms, options) => sleep(ms === 60_000 ? 0 : ms, options) }
    await finishStaleJobs({ ...components, blocks, clock, chain, takesPart: () => false }, new AbortController().signal)
    return refunded.length
  }

  it('has given back what a Job that it took part in has not paid, and looks after nobody else’s', async (t) => {
    assert.equal(await started(t, true), 1)
    assert.equal(await started(t, false), 0)
  })

  it('also where it had given the Job up, and called it finished, before the money had come back', async (t) => {
    assert.equal(await started(t, true, 1), 1)
    assert.equal(await started(t, false, 1), 0)
  })
})
