/** A paid Job whose peers have endpoints that know a transaction's nonce long before its receipt: it is settled once, and paid. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { lateReceipts } from '../../chain/support/lagging.ts'
import { assertPaid, eventsOf, finishPaid, ledgerOf, noErrors, paidJob, startPaidNetwork } from './support.ts'

const SHAPE = { macroJobs: 1, microJobs: 2, blocks: 2 }
/** Some polls of a peer, which looks each 250 ms. */
const LATE_MS = 1_500

it('is settled once by peers whose receipts are late, and no transaction of theirs counts as lost', async (t) => {
  const paid = await startPaidNetwork(t)
  const names = ['peer-1', 'peer-2', 'peer-3']
  const peers = await Promise.all(names.map((name, index) => paid.startPeer(name, index, { rpc: lateReceipts(LATE_MS) })))
  const before = await ledgerOf(paid, peers)

  const { draft, expected } = paidJob('late', {}, SHAPE)
  const handle = await (await paid.client()).place(draft)
  const report = await finishPaid(handle, expected)
  await assertPaid(paid, peers, before, handle, report)

  const settlements = (await eventsOf(paid, handle.jobId)).filter(({ type }) => type === 'macrojobs:settled')
  assert.equal(settlements.length, 1)
  const lost = peers.flatMap(({ log }) => log.filter(({ msg }) => msg === 'the nonce went to another transaction of the wallet'))
  assert.deepEqual(lost, [])
  noErrors(peers)
})
