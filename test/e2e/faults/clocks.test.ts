/** FAULTS 7: wrong clocks. Nothing but a Job's deadline hangs on the time of day. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { startTestNetwork } from '../support/fault-network.ts'
import { finish } from '../support/follow-job.ts'
import { numbersJob } from '../support/jobs.ts'

/** Node with a clock that is wrong by so much, and jumps back and forth by as much again every second. */
const wrongBy = (hours: number) => {
  const ms = hours * 3_600_000
  const code = `const now = Date.now; Date.now = () => now() + ${ms} * (1 + (Math.floor(now() / 1000) % 2))`
  return { env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` } }
}

it('clocks that are an hour off, and jump', async (t) => {
  const network = await startTestNetwork(t)
  const peers = await Promise.all([
    network.startPeer('fast', wrongBy(1)),
    network.startPeer('slow', wrongBy(-1)),
    network.startPeer('right'),
  ])
  const offMinutes = peers.map(({ log }) => Math.abs(Date.parse(String(log[0]?.time)) - Date.now()) / 60_000)
  assert.ok(offMinutes[0]! > 50 && offMinutes[1]! > 50 && offMinutes[2]! < 1, `${offMinutes}`)
  const client = await network.client()
  const { draft, expected } = numbersJob({ macroJobs: 3, microJobs: 4, blocks: 2 })
  const { bytes, report } = await finish(client, await client.place(draft))
  assert.deepEqual(Buffer.from(bytes), Buffer.from(expected))
  assert.equal(report.culprits.length, 0)
  assert.equal(report.chunks[0]?.attempts, 1)
  for (const { log } of peers)
    assert.deepEqual(
      log.filter(({ level }) => level === 'error'),
      [],
    )
})
