/**
 * A Job is done, proved, settled and paid to the last unit, by three peers as operators run them; so are two for which the chain is out of reach before a
 * root is committed, and before a beacon is pinned (issue "Part 2", 7).
 */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { cutAt, mend } from './chain-calls.ts'
import { assertPaid, finishPaid, ledgerOf, noErrors, paidJob, startPaidNetwork } from './support.ts'

const SHAPE = { macroJobs: 1, microJobs: 2, blocks: 2 }

it('a paid Job among three peers', async (t) => {
  const paid = await startPaidNetwork(t)
  const peers = await paid.startPeers(['peer-1', 'peer-2', 'peer-3'])
  const client = await paid.client()

  await t.test('is settled with one proof; every wallet gets what is its due, and can have it', async () => {
    const before = await ledgerOf(paid, peers)
    const { draft, expected } = paidJob('plain')
    const handle = await client.place(draft)
    const report = await finishPaid(handle, expected)
    assert.equal(report.chunks[0]?.attempts, 1)
    const { settlements, after } = await assertPaid(paid, peers, before, handle, report)
    assert.equal(settlements.length, 1)
    const own = await paid.open(0)
    await own.withdraw()
    const { tokenWei, creditWei } = await own.balances()
    await own.stop()
    assert.equal(creditWei, 0n)
    assert.equal(tokenWei - after.get(own.wallet)!.tokenWei, after.get(own.wallet)!.creditWei)
    noErrors(peers)
  })

  for (const call of ['commitRoot', 'pinBeacon'] as const) {
    await t.test(`is paid once where the endpoints are gone before ${call}`, async () => {
      const before = await ledgerOf(paid, peers)
      const cut = cutAt(call, peers, 'before')
      const { draft, expected } = paidJob(call, {}, SHAPE)
      const handle = await client.place(draft)
      await cut
      mend(peers)
      const report = await finishPaid(handle, expected)
      await assertPaid(paid, peers, before, handle, report)
      noErrors(peers)
    })
  }
})
