/** Of a Job's peers one alone has what it takes to settle; then it is gone. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import {
  assertPaid,
  assertRefunded,
  deadlineOf,
  finishPaid,
  ledgerOf,
  noErrors,
  paidJob,
  startPaidNetwork,
  untilDuty,
  untilRefunded,
} from './support.ts'

const SHAPE = { macroJobs: 1, microJobs: 3, blocks: 2 }
/** Half of what a peer of a later rank lets a living one take (job/patience.ts). */
const SOON_MS = 30_000

it('of three peers one has circuits', async (t) => {
  const paid = await startPaidNetwork(t)
  const start = (index: number) => paid.startPeer(`peer-${index}`, index, { circuits: index === 0 })
  const peers = await Promise.all([start(0), start(1), start(2)])
  const [prover, ...others] = peers
  const client = await paid.client()

  await t.test('and settles at once, whatever the rank of the others', async () => {
    for (const peer of others) await peer.line(({ msg }) => String(msg).startsWith('no circuits: paid Jobs are left to other peers'))
    const before = await ledgerOf(paid, peers)
    const { draft, expected } = paidJob('one prover', {}, SHAPE)
    const handle = await client.place(draft)
    for await (const event of handle.events()) if (event.type === 'microjob:changed' && event.state === 'agreed') break
    const agreedMs = performance.now()
    await untilDuty([prover], handle.jobId, 'settle')
    assert.ok(performance.now() - agreedMs < SOON_MS, 'it waited for a peer that cannot prove')
    const report = await finishPaid(handle, expected)
    const { settlements } = await assertPaid(paid, peers, before, handle, report)
    assert.ok(settlements.every(({ finisher }) => finisher.toLowerCase() === prover.wallet.toLowerCase()))
    noErrors(peers)
  })

  await t.test('and dies over its proof: at the deadline the others give the whole price back', async () => {
    const before = await ledgerOf(paid, peers)
    const deadline = await deadlineOf(paid)
    const { jobId } = await client.place(paidJob('no prover', { deadline }, SHAPE).draft)
    await untilDuty([prover], jobId, 'settle')
    await prover.kill()
    await paid.passTo(deadline + 1)
    await untilRefunded(paid, jobId)
    await assertRefunded(paid, peers, before, jobId, 0, SHAPE)
    noErrors(others)
  })
})
