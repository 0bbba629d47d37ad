/** The deadline of a paid Job comes: what was agreed is paid before it, and all the rest goes back, whoever is left to see to it. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { JobHandle } from '../../../src/index.ts'
import { SETTLING_SECONDS } from '../../../src/job/escrow-facts.ts'
import { fitSequence } from '../../../src/job/fit.ts'
import type { ChainEvent } from '../../../src/ports.ts'
import { assertRefunded, deadlineOf, ledgerOf, noErrors, paidJob, startPaidNetwork, untilEvent, untilRefunded } from './support.ts'

const LIMIT_MS = 120_000
const CHUNK_MACRO_JOBS = 2
/** MacroJobs that are never opened: of each chunk one is agreed at most. */
const HIDDEN = [1, 3, 5, 7, 9, 11, 13, 15]

/** Numbers of the MacroJobs that are agreed now. */
const agreedOf = (handle: JobHandle) => handle.progress().macroJobs.flatMap(({ macro, state }) => (state === 'agreed' ? [macro] : []))

/** Numbers of the MacroJobs that a settlement pays. */
const paidBy = (event: ChainEvent) =>
  event.type === 'macrojobs:settled'
    ? [...event.counted.toString(2)].toReversed().flatMap((bit, index) => (bit === '1' ? [event.chunk * CHUNK_MACRO_JOBS + index] : []))
    : []

it('a deadline', async (t) => {
  const paid = await startPaidNetwork(t)
  const behaviour = { slowMs: 500, hides: HIDDEN }
  // One that proves: near the end all would do so at once, on the cores that they share here.
  const start = (index: number) => paid.startPeer(`peer-${index}`, index, { behaviour, circuits: index === 0 })
  const peers = await Promise.all([start(0), start(1), start(2)])
  const client = await paid.client()

  await t.test('that comes near while work goes on has all that is agreed settled before it, and the rest given back', async () => {
    const before = await ledgerOf(paid, peers)
    const shape = { macroJobs: 16, microJobs: 4, blocks: 2 }
    const slicing = { ...fitSequence({ layout: 'sequence', ...shape, blockElements: 16 }), chunkMacroJobs: CHUNK_MACRO_JOBS }
    const deadline = await deadlineOf(paid)
    const handle = await client.place(paidJob('near', { deadline, slicing }, shape).draft)
    for await (const event of handle.events({ signal: AbortSignal.timeout(LIMIT_MS) })) {
      if (event.type === 'microjob:changed' && event.state === 'agreed') break
    }
    assert.equal(handle.progress().state, 'open', 'work goes on')
    await paid.passTo(deadline - SETTLING_SECONDS + 1)
    const settled = new Set<number>()
    await untilEvent(paid, handle.jobId, (event) => {
      for (const macro of paidBy(event)) settled.add(macro)
      return settled.size > 0 && agreedOf(handle).every((macro) => settled.has(macro))
    })
    assert.ok(
      HIDDEN.every((macro) => !settled.has(macro)),
      'a part of each chunk',
    )
    await paid.passTo(deadline + 1)
    await untilRefunded(paid, handle.jobId)
    await assert.rejects(handle.result({ signal: AbortSignal.timeout(LIMIT_MS) }), { name: 'JobFailedError' })
    await assertRefunded(paid, peers, before, handle.jobId, settled.size, shape)
    noErrors(peers)
  })

  await t.test('that passes while all its peers are down has the price given back by the first to come back', async () => {
    const before = await ledgerOf(paid, peers)
    const shape = { macroJobs: 1, microJobs: 4, blocks: 2 }
    const deadline = await deadlineOf(paid)
    const { jobId } = await client.place(paidJob('alone', { deadline }, shape).draft)
    await untilEvent(paid, jobId, ({ type }) => type === 'job:engaged')
    await Promise.all(peers.map((peer) => peer.kill()))
    await paid.passTo(deadline + 1)
    const back = await start(1)
    await untilRefunded(paid, jobId)
    await assertRefunded(paid, peers, before, jobId, 0, shape)
    noErrors([back])
  })
})
