/** Issue "Part 2", 7: the chain is out of reach before a root is committed, and before a beacon is pinned. The Job is paid once all the same. */
import { it } from 'node:test'
import { cutAt, mend } from './chain-calls.ts'
import { assertPaid, finishPaid, ledgerOf, noErrors, paidJob, startPaidNetwork } from './support.ts'

const SHAPE = { macroJobs: 1, microJobs: 2, blocks: 2 }

it('the endpoints are gone before', async (t) => {
  const paid = await startPaidNetwork(t)
  const peers = await paid.startPeers(['peer-1', 'peer-2', 'peer-3'])
  const client = await paid.client()
  for (const call of ['commitRoot', 'pinBeacon'] as const) {
    await t.test(call, async () => {
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
