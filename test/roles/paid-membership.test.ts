import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { EscrowFacts } from '../../src/job/escrow-facts.ts'
import { fieldToBytes, fieldToHex } from '../../src/job/field.ts'
import type { JobInfo } from '../../src/job/info.ts'
import { escrowIdOf, escrowTermsOf, type Paid } from '../../src/job/payment.ts'
import { progressOf } from '../../src/job/progress.ts'
import { MAX_ATTEMPTS } from '../../src/job/records.ts'
import { leafCommitHash, signStatement } from '../../src/job/settlement/statements.ts'
import type { Chain, Compute } from '../../src/ports.ts'
import type { EscrowComponents } from '../../src/roles/escrow-worker.ts'
import type { JobSession } from '../../src/roles/job-session.ts'
import { joinJob } from '../../src/roles/join-job.ts'
import { createProcessor } from '../../src/roles/processor.ts'
import { createFakeNetwork } from '../fakes/network.ts'
import { paidInfo, plainInfo } from '../support/job-world.ts'
import { processorParts, startRolePeer, writeJob } from './support.ts'

const FACTS: EscrowFacts = { state: 'working', attempts: new Map(), settled: new Map(), stakes: new Map(), closing: false, expired: false }

/** Has an open escrow for each of these Jobs. */
function chainWith(jobs: ReadonlyMap<string, JobInfo>): Chain {
  const escrows = () =>
    new Map([...jobs].map(([jobId, info]) => [escrowIdOf(info as Paid<JobInfo>, jobId), [jobId, info as Paid<JobInfo>] as const]))
  const [first] = jobs.values() as Iterator<JobInfo> as unknown as [JobInfo]
  return {
    ...first.payment,
    async job(escrowId: bigint) {
      const [jobId, info] = escrows().get(escrowId) as readonly [string, Paid<JobInfo>]
      return { ...escrowTermsOf(info, jobId), requester: info.wallet, state: 'open', escrowId, heldWei: 1n }
    },
    head: async () => ({ number: 1, timestamp: 0 }),
    rules: async () => ({}),
    balances: async () => ({ bondWei: 10n ** 30n }),
  } as unknown as Chain
}

/** A peer in a paid Job whose chain takes everything, and the requester's hand on its log. */
async function joined(t: TestContext, unixMs = Date.now) {
  const network = createFakeNetwork()
  const requester = await startRolePeer(t, network)
  const { peer, components } = await processorParts(t, network)
  const { jobId, info, session } = await writeJob(requester, paidInfo(plainInfo(1, 1, 1, requester.self)))
  const paid = info as Paid<JobInfo>
  const chain = chainWith(new Map([[jobId, info]]))
  const told: string[] = []
  const logger = { ...components.logger, info: (text: string) => void told.push(text) }
  const escrow = { chain, settles: () => false } as unknown as EscrowComponents
  const notice = { jobId, unitPriceWei: '100', openMicroJobs: 1, holders: [requester.self] }
  const membership = await joinJob({ ...components, escrow, unixMs, logger: logger as never }, notice)
  t.after(() => membership.leave())
  const own = await peer.sessions.open(jobId)
  t.after(() => own.close())
  const work = () => membership.work({ signal: AbortSignal.abort(), stop: AbortSignal.abort() })
  /** One commit of this peer, of which nothing but its form and its signature is looked at here. */
  const commit = () => {
    const at = { macro: 0, micro: 0, attempt: 0 }
    const structHash = leafCommitHash({ ...at, jobId: escrowIdOf(paid, jobId), leaf: 1n })
    const signature = signStatement(components.walletKey, paid.payment, structHash)
    return own.append({ kind: 'commit', ...at, commit: fieldToBytes(1n), chainHead: new Uint8Array(32), challenge: null, signature })
  }
  return { membership, info: paid, told, requester: session, own, work, commit }
}

describe('a peer in a paid Job', () => {
  it('goes on when the requester writes that it calls it off, says so once, and leaves when the escrow says so', async (t) => {
    const { membership, told, requester, own } = await joined(t)
    own.heard(FACTS)
    await requester.append({ kind: 'cancel' })
    await own.until(({ cancelledBy }) => cancelledBy.size > 0)
    own.heard({ ...FACTS, expired: true })
    assert.ok(!membership.over())
    assert.equal(told.filter((text) => text.startsWith('goes on')).length, 1)
    own.heard({ ...FACTS, state: 'cancelled' })
    assert.ok(membership.over())
  })

  it('computes nothing more where attempts are used up, and leaves when the rest was given back', async (t) => {
    const { membership, own, work, commit } = await joined(t)
    own.heard(FACTS)
    await commit()
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) await own.append({ kind: 'reopen', chunk: 0, attempt, items: [] })
    assert.equal(progressOf(own.view).state, 'failed')
    assert.equal(await work(), false)
    assert.ok(!membership.over())
    own.heard({ ...FACTS, state: 'refunded', expired: true })
    assert.ok(membership.over())
  })

  it('stays after its deadline for the refund, and leaves when the rest was given back, or there is nothing', async (t) => {
    let hours = 0
    const { membership, info, own, work } = await joined(t, () => (hours === 0 ? Date.now() : info.deadline * 1000 + hours * 3_600_000))
    hours = 2
    assert.equal(await work(), false)
    assert.ok(!membership.over(), 'its escrow was not read')
    for (const state of ['open', 'working'] as const) {
      own.heard({ ...FACTS, state, expired: true })
      assert.ok(!membership.over(), state)
    }
    for (const state of ['absent', 'refunded'] as const) {
      own.heard({ ...FACTS, state, expired: true })
      assert.ok(membership.over(), state)
    }
  })

  it('stays when it has complained itself', async (t) => {
    const { membership, own } = await joined(t)
    own.heard(FACTS)
    await own.append({ kind: 'complaint', reason: 'limits', macro: 0, micro: 0 })
    assert.ok(!membership.over())
  })
})

it('a paid Job that ends soon is not begun, and whoever was in it before a restart comes back', async (t) => {
  const network = createFakeNetwork()
  const requester = await startRolePeer(t, network)
  const { peer, components } = await processorParts(t, network)
  const { jobId, info } = await writeJob(requester, paidInfo(plainInfo(1, 1, 1, requester.self)))
  const chain = { ...chainWith(new Map([[jobId, info]])), head: async () => ({ number: 1, timestamp: (info.deadline as number) + 1 }) }
  const escrow = { chain, settles: () => true } as unknown as EscrowComponents
  const join = () => joinJob({ ...components, escrow }, { jobId, unitPriceWei: '100', openMicroJobs: 1, holders: [requester.self] })
  await assert.rejects(join(), { name: 'JobRefusedError', message: /ends in 0 s/ })
  const earlier = await peer.sessions.open(jobId, { meetAt: [requester.self] })
  await earlier.until((view) => view.info !== undefined)
  const { wallet, certificate } = components
  await earlier.append({ kind: 'peer', wallet, certificate, fingerprint: null })
  await earlier.close()
  const membership = await join()
  assert.equal(membership.job.jobId, jobId)
  await membership.leave()
})

it('paid Jobs that a processor has given up take no place among those that it works on', { timeout: 30_000 }, async (t) => {
  const network = createFakeNetwork()
  const requester = await startRolePeer(t, network)
  const { components } = await processorParts(t, network)
  const jobs = new Map<string, JobInfo>()
  const sessions: JobSession[] = []
  for (let index = 0; index < 18; index++) {
    const paid = paidInfo(plainInfo(1, 1, 1, requester.self))
    const { jobId, info, session } = await writeJob(requester, { ...paid, seed: fieldToHex(BigInt(1000 + index)) })
    jobs.set(jobId, info)
    sessions.push(session)
  }
  const useful = await writeJob(requester, { name: 'useful' })
  const begun = Promise.withResolvers<void>()
  const compute = {
    ...components.compute,
    async run() {
      if (useful.session.view.peers.size > 0) begun.resolve()
      throw Object.assign(new Error('no such program'), { name: 'ShaderCompileError' })
    },
  } as unknown as Compute
  const escrow = { chain: chainWith(jobs), settles: () => false } as unknown as EscrowComponents
  const announce = (jobId: string, unitPriceWei: string) =>
    requester.board.announce({ jobId, unitPriceWei, openMicroJobs: 1, holders: [requester.self] })
  const processor = createProcessor({ ...components, compute, escrow })
  t.after(() => processor.stop(AbortSignal.abort()))
  for (const jobId of jobs.keys()) await announce(jobId, '100')
  await Promise.all(sessions.map((session) => session.until(({ complaints }) => complaints.size > 0)))
  await announce(useful.jobId, '0')
  await begun.promise
  assert.equal(processor.jobs().length, 17)
})
