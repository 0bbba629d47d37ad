import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { refuseConvictions } from './chain-calls.ts'
import { eventsOf, finishPaid, type PaidNetwork, type PaidPeer, paidJob, startPaidNetwork } from './support.ts'

/** Few MicroJobs, since each one that is wrong is an offence of its own; the honest are slow, so that the liar gets some. */
const SHAPE = { macroJobs: 4, microJobs: 2, blocks: 2 }
const HONEST = { slowMs: 600, patience: { validateMs: 5000, recheckMs: 5000 } }

/** A Job with a liar in it that is done and reported, in a network where nobody could convict so far. */
export interface WithheldConviction {
  paid: PaidNetwork
  honest: PaidPeer[]
  jobId: string
  /** Wallet of the liar, which is gone, in small letters. */
  culprit: string
  isConvicted(): Promise<boolean>
}

export async function startWithheldConviction(t: Pick<TestContext, 'after'>): Promise<WithheldConviction> {
  const paid = await startPaidNetwork(t)
  const [liar, ...honest] = await Promise.all([
    paid.startPeer('liar', 0, { behaviour: { ...HONEST, slowMs: 0, lies: 'always' } }),
    ...[1, 2, 3, 4].map((index) => paid.startPeer(`peer-${index}`, index, { behaviour: HONEST })),
  ])
  refuseConvictions(honest)
  const client = await paid.client()
  const { draft, expected } = paidJob('lies', {}, SHAPE)
  const handle = await client.place(draft)
  const { jobId } = handle
  const { culprits } = await finishPaid(handle, expected)
  assert.deepEqual([...new Set(culprits.map(({ peer }) => peer))], [liar.peer])
  await Promise.all([
    liar.kill(),
    ...honest.map((peer) => peer.line(({ msg, jobId: of }) => msg === 'left a Job that is over' && of === jobId)),
  ])
  const isConvicted = async () => (await eventsOf(paid, jobId)).some(({ type }) => type === 'wallet:convicted')
  assert.ok(!(await isConvicted()))
  return { paid, honest, jobId, culprit: liar.wallet.toLowerCase(), isConvicted }
}
