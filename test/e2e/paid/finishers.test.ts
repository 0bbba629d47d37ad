/** Whoever is to settle dies, has no money, or is not alone; clocks are an hour off. The Job is settled and paid once. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { assertPaid, finishPaid, ledgerOf, noErrors, paidJob, startPaidNetwork, untilDuty } from './support.ts'

const SHAPE = { macroJobs: 1, microJobs: 2, blocks: 2 }

const wrongBy = (hours: number) => {
  const code = `const now = Date.now; Date.now = () => now() + ${hours * 3_600_000}`
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` }
}

it('the next settles', async (t) => {
  const paid = await startPaidNetwork(t)
  const peers = await Promise.all([
    paid.startPeer('fast clock', 0, { env: wrongBy(1) }),
    paid.startPeer('slow clock', 1, { env: wrongBy(-1) }),
    paid.startPeer('right clock', 2),
  ])
  const client = await paid.client()

  await t.test('where the first is killed between its root and the settlement', async () => {
    const before = await ledgerOf(paid, peers)
    const { draft, expected } = paidJob('killed', {}, SHAPE)
    const handle = await client.place(draft)
    const first = await untilDuty(peers, handle.jobId, 'settle')
    await first.kill()
    const report = await finishPaid(handle, expected)
    const { settlements } = await assertPaid(paid, peers, before, handle, report)
    assert.ok(settlements.every(({ finisher }) => finisher.toLowerCase() !== first.wallet.toLowerCase()))
    noErrors(peers.filter((peer) => peer !== first))
  })
})

it('all settle at once, one of them without money for gas: it is paid as the others are, and each MacroJob once', async (t) => {
  const paid = await startPaidNetwork(t)
  const behaviour = { patience: { chainMs: 0, settleMs: 0 } }
  const peers = await Promise.all([
    paid.startPeer('poor', 0, { behaviour, poor: true }),
    paid.startPeer('peer-1', 1, { behaviour }),
    paid.startPeer('peer-2', 2, { behaviour }),
  ])
  const client = await paid.client()
  const before = await ledgerOf(paid, peers)
  assert.equal(before.get(peers[0].wallet)?.gasWei, 0n)
  const { draft, expected } = paidJob('at once')
  const handle = await client.place(draft)
  const report = await finishPaid(handle, expected)
  await assertPaid(paid, peers, before, handle, report)
  noErrors(peers)
})
