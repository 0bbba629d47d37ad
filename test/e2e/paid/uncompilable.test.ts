/** A paid Job that no peer can compile: its requester hears of it at once, and has its price back. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { eventsOf, ledgerOf, noErrors, paidJob, startPaidNetwork } from './support.ts'

const SHAPE = { macroJobs: 1, microJobs: 2, blocks: 2 }

it('a paid Job whose code compiles nowhere', async (t) => {
  const paid = await startPaidNetwork(t)
  const peers = await paid.startPeers(['peer-1', 'peer-2', 'peer-3'])
  const client = await paid.client()

  await t.test('is doubted as soon as half of its peers have tried, moves no money, and can be called off', async () => {
    const before = await ledgerOf(paid, peers)
    const { draft } = paidJob('uncompilable', {}, SHAPE)
    const handle = await client.place({ ...draft, code: draft.code.replaceAll('P[16]', 'nobody') })
    const said: string[] = []
    for await (const event of handle.events({ signal: AbortSignal.timeout(60_000) })) {
      if (event.type === 'job:doubted') said.push(event.reason)
      if (said.length > 0 || event.type === 'job:finished') break
    }
    assert.deepEqual(said, ['compile'])
    // A word of peers ends nothing: it goes on until its requester, or its escrow, ends it.
    assert.equal(handle.summary().state, 'running')
    await handle.cancel()
    await Promise.all(peers.map((peer) => peer.line(({ msg, jobId }) => msg === 'left a Job that is over' && jobId === handle.jobId)))
    const types = (await eventsOf(paid, handle.jobId)).map(({ type }) => type)
    assert.deepEqual(types, ['job:opened', 'job:cancelled'])
    const after = await ledgerOf(paid, peers)
    const wealth = (ledger: typeof before, wallet: string) => ledger.get(wallet)!.tokenWei + ledger.get(wallet)!.creditWei
    for (const wallet of before.keys()) assert.equal(wealth(after, wallet), wealth(before, wallet), wallet)
    noErrors(peers)
  })
})
