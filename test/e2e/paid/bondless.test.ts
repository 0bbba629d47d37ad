/** The escrow pays nothing on the word of a wallet without a bond: a peer that joins all the same costs nobody else anything. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { assertPaid, finishPaid, ledgerOf, noErrors, paidJob, startPaidNetwork } from './support.ts'

it('a peer without a bond that computes and judges rightly holds up nobody, and is paid nothing', async (t) => {
  const paid = await startPaidNetwork(t)
  const [bondless, ...bonded] = await Promise.all([
    paid.startPeer('bondless', 0, { behaviour: { bondless: true } }),
    // Slow enough for the other to have its part.
    ...[1, 2].map((index) => paid.startPeer(`peer-${index}`, index, { behaviour: { slowMs: 200 } })),
  ])
  const peers = [bondless, ...bonded]
  const client = await paid.client()
  const before = await ledgerOf(paid, peers)
  assert.equal(before.get(bondless.wallet)?.bondWei, 0n)
  const { draft, expected } = paidJob('bondless')
  const handle = await client.place(draft)
  const report = await finishPaid(handle, expected)
  const { after } = await assertPaid(paid, peers, before, handle, report)
  assert.equal(after.get(bondless.wallet)?.creditWei, 0n)
  assert.ok(
    bondless.log.some(({ msg }) => msg === 'working on a MacroJob'),
    'it took part',
  )
  noErrors(bonded)
})
