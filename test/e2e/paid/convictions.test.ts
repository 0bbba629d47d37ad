/** What a peer owes to a conviction outlives the report. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { mend } from './chain-calls.ts'
import { finishPaid, noErrors, paidJob, untilConvicted } from './support.ts'
import { startWithheldConviction } from './withheld-conviction.ts'

it('a conviction that is not through when the report stands is made by peers that work on another Job meanwhile', async (t) => {
  const { paid, honest, jobId, culprit, isConvicted } = await startWithheldConviction(t)
  const client = await paid.client()
  const { draft, expected } = paidJob('meanwhile', {}, { macroJobs: 1, microJobs: 2, blocks: 2 })
  await finishPaid(await client.place(draft), expected)
  assert.ok(!(await isConvicted()))
  mend(honest)
  assert.equal(await untilConvicted(paid, jobId), culprit)
  noErrors(honest)
})
