/** A Job is done, proved, settled and paid to the last unit, by three peers as operators run them. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { assertPaid, finishPaid, ledgerOf, noErrors, paidJob, startPaidNetwork } from './support.ts'

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
    assert.equal(creditWei, 0n)
    assert.equal(tokenWei - after.get(own.wallet)!.tokenWei, after.get(own.wallet)!.creditWei)
    noErrors(peers)
  })
})
