/** What a peer owes to a conviction outlives the peer's process; a peer that is told to stop does not wait for it. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { untilConvicted } from './support.ts'
import { startWithheldConviction } from './withheld-conviction.ts'

it('a conviction that is not through when all peers are killed is made by one of them that comes back', async (t) => {
  const { paid, honest, jobId, culprit } = await startWithheldConviction(t)
  const [stopped, ...killed] = honest
  stopped!.signal('SIGTERM')
  assert.equal((await stopped!.ended).code, 0)
  await Promise.all(killed.map((peer) => peer.kill()))
  await paid.startPeer('peer-4', 4, { behaviour: { patience: { chainMs: 1000 } } })
  assert.equal(await untilConvicted(paid, jobId), culprit)
})
