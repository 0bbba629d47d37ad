/** What a peer owes to a conviction outlives the report. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { numbersJob } from '../support/jobs.ts'
import { mend } from './chain-calls.ts'
import { noErrors, untilConvicted } from './support.ts'
import { startWithheldConviction } from './withheld-conviction.ts'

it('a conviction that is not through when the report stands is made by peers that work on another Job meanwhile', async (t) => {
  const { paid, honest, jobId, culprit, isConvicted } = await startWithheldConviction(t)
  const client = await paid.client()
  // An unpaid one: of proofs this test has enough.
  const { draft, expected } = numbersJob({ macroJobs: 1, microJobs: 2, blocks: 2 }, { name: 'meanwhile' })
  const { bytes } = await (await client.place(draft)).result({ signal: t.signal })
  assert.deepEqual(Buffer.from(bytes), Buffer.from(expected))
  assert.ok(!(await isConvicted()))
  mend(honest)
  assert.equal(await untilConvicted(paid, jobId), culprit)
  noErrors(honest)
})
