/** A conviction takes three who ran the block: with fewer, a liar loses its pay and its work, and keeps its bond (docs/LIMITS.md). */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { assertPaid, BOND_WEI, eventsOf, finishPaid, ledgerOf, noErrors, paidJob, startPaidNetwork } from './support.ts'

const HONEST = { slowMs: 150, patience: { validateMs: 5000, recheckMs: 5000 } }

it('a liar among three peers is caught and not paid, and nobody waits for a conviction that cannot be', async (t) => {
  const paid = await startPaidNetwork(t)
  const [liar, ...honest] = await Promise.all([
    paid.startPeer('liar', 0, { behaviour: { ...HONEST, slowMs: 0, lies: 'always' } }),
    ...[1, 2].map((index) => paid.startPeer(`peer-${index}`, index, { behaviour: HONEST })),
  ])
  const peers = [liar, ...honest]
  const client = await paid.client()
  const before = await ledgerOf(paid, peers)
  const { draft, expected } = paidJob('lies among three')
  const handle = await client.place(draft)
  const report = await finishPaid(handle, expected)
  assert.deepEqual([...new Set(report.culprits.map(({ peer }) => peer))], [liar.peer])
  const { after } = await assertPaid(paid, peers, before, handle, report)
  assert.equal(after.get(liar.wallet)?.creditWei, 0n)
  for (const { wallet } of peers) assert.equal(after.get(wallet)?.bondWei, BOND_WEI)
  assert.ok(!(await eventsOf(paid, handle.jobId)).some(({ type }) => type === 'wallet:convicted'))
  const isLeft = ({ msg, jobId }: Readonly<Record<string, unknown>>) => msg === 'left a Job that is over' && jobId === handle.jobId
  await Promise.all(honest.map((peer) => peer.line(isLeft)))
  for (const { log } of honest) assert.ok(!log.some(({ msg }) => msg === 'keeps to a conviction'))
  noErrors(honest)
})
