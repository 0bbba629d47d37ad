/** The requester leaves, pays too little, or lets the deadline pass. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createClient } from '../../../src/index.ts'
import type { Chain } from '../../../src/ports.ts'
import { assertPaid, eventsOf, finishPaid, ledgerOf, noErrors, paidJob, startPaidNetwork } from './support.ts'

const SHAPE = { macroJobs: 1, microJobs: 2, blocks: 2 }

it('a requester', async (t) => {
  const paid = await startPaidNetwork(t)
  const behaviour = { slowMs: 300 }
  const peers = await paid.startPeers(['peer-1', 'peer-2', 'peer-3'], { behaviour })
  const client = await paid.client()

  const leftAlone = async (name: string, open: Chain['open']) => {
    const chain = Object.assign(Object.create(await paid.open(8)) as Chain, { open })
    const cheat = await createClient({ bootstrap: [paid.network.webAddress], chain })
    try {
      const { jobId } = await cheat.place(paidJob(name, {}, SHAPE).draft)
      const leaves = peers.map((peer) => peer.line(({ msg, jobId: of }) => msg === 'leaves a Job to others' && of === jobId))
      return (await Promise.all(leaves)).map(({ reason }) => String(reason))
    } finally {
      await cheat.close()
    }
  }

  await t.test('that opens no escrow, or one with too little in it, finds no worker', async () => {
    const nothing = await leftAlone('no escrow', async () => ({ outcome: 'nothing' }) as never)
    for (const reason of nothing) assert.match(reason, /has no escrow/)
    const little = await leftAlone('too little', (terms, options) =>
      paid.chain.open({ ...terms, unitPriceWei: terms.unitPriceWei - 1n }, options),
    )
    for (const reason of little) assert.match(reason, /unitPriceWei/)
  })

  await t.test('that leaves at once has its Job done and paid', async () => {
    const before = await ledgerOf(paid, peers)
    const requester = await paid.client()
    const { draft, expected } = paidJob('left alone', {}, SHAPE)
    const { jobId } = await requester.place(draft)
    await requester.close()
    const handle = await client.job(jobId)
    const report = await finishPaid(handle, expected)
    await assertPaid(paid, peers, before, handle, report)
  })

  await t.test('that calls its Job off when work has begun is told that it is too late, and pays', async () => {
    const before = await ledgerOf(paid, peers)
    const { draft, expected } = paidJob('too late to cancel', {}, SHAPE)
    const handle = await client.place(draft)
    const escrowId = paid.chain.escrowIdOf(paid.chain.wallet, handle.jobId)
    for await (const event of paid.chain.events(0, { signal: AbortSignal.timeout(60_000) })) {
      if (event.type === 'job:engaged' && event.escrowId === escrowId) break
    }
    await assert.rejects(handle.cancel(), { name: 'NotCancellableError', state: 'working' })
    const report = await finishPaid(handle, expected)
    await assertPaid(paid, peers, before, handle, report)
  })

  await t.test('has back what was not paid by the deadline, by the clock of the chain, from whoever notices', async () => {
    const before = await paid.chain.balances()
    const { timestamp } = await paid.chain.head()
    const { draft, budgetWei } = paidJob('too late', { deadline: timestamp + 1800 }, { ...SHAPE, microJobs: 4, blocks: 4 })
    const { jobId } = await client.place(draft)
    await Promise.any(peers.map((peer) => peer.line(({ msg, jobId: of }) => msg === 'joined a Job' && of === jobId)))
    await paid.rpc('evm_increaseTime', 3600)
    await paid.rpc('evm_mine')
    const escrowId = paid.chain.escrowIdOf(paid.chain.wallet, jobId)
    for await (const event of paid.chain.events(0, { signal: AbortSignal.timeout(100_000) })) {
      if (event.type === 'job:refunded' && event.escrowId === escrowId) break
    }
    const { tokenWei, creditWei } = await paid.chain.balances()
    assert.equal(tokenWei + creditWei, before.tokenWei + before.creditWei)
    const refunds = (await eventsOf(paid, jobId)).flatMap((event) => (event.type === 'job:refunded' ? [event.refundedWei] : []))
    assert.deepEqual(refunds, [budgetWei])
    noErrors(peers)
  })
})
