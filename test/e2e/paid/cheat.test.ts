/** A peer that returns wrong blocks costs nobody anything but itself. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { assertPaid, BOND_WEI, eventsOf, finishPaid, ledgerOf, noErrors, paidJob, startPaidNetwork } from './support.ts'

/** A conviction takes a quarter of the bond that the Job asks for: 10 tokens, the least of our deployments. */
const SLASHED_WEI = 2_500_000_000_000_000_000n
const HONEST = { slowMs: 150, patience: { validateMs: 5000, recheckMs: 5000 } }

it('a liar among four honest peers is convicted on the chain, loses a quarter of what the Job asks it to stake, and is not paid', async (t) => {
  const paid = await startPaidNetwork(t)
  const [liar, ...honest] = await Promise.all([
    paid.startPeer('liar', 0, { behaviour: { ...HONEST, slowMs: 0, lies: 'always' } }),
    ...[1, 2, 3, 4].map((index) => paid.startPeer(`peer-${index}`, index, { behaviour: HONEST })),
  ])
  const peers = [liar, ...honest]
  const client = await paid.client()
  const before = await ledgerOf(paid, peers)
  const { draft, expected } = paidJob('lies')
  const handle = await client.place(draft)
  const report = await finishPaid(handle, expected)
  assert.deepEqual([...new Set(report.culprits.map(({ peer }) => peer))], [liar.peer])
  const { after } = await assertPaid(paid, peers, before, handle, report)
  assert.equal(after.get(liar.wallet)?.creditWei, 0n)
  const convictions = (await eventsOf(paid, handle.jobId)).filter((event) => event.type === 'wallet:convicted')
  assert.ok(convictions.length > 0)
  for (const { wallet, burnedWei } of convictions) {
    assert.equal(wallet.toLowerCase(), liar.wallet.toLowerCase())
    assert.equal(burnedWei, SLASHED_WEI)
  }
  assert.equal(after.get(liar.wallet)?.bondWei, BOND_WEI - BigInt(convictions.length) * SLASHED_WEI)
  for (const { wallet } of honest) assert.equal(after.get(wallet)?.bondWei, BOND_WEI)
  noErrors(honest)
})
