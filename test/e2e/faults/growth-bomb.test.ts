/** FAULTS 20: a peer that has joined a Job fills its log as fast as it can. The others drop it at the quota of the Job's shape, stay small, and go on. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { residentMib } from '../support/attacker.ts'
import { startTestNetwork } from '../support/fault-network.ts'
import { finish, untilProcessed } from '../support/follow-job.ts'
import { numbersJob } from '../support/jobs.ts'

/** What a Job's compute child and buffers move besides; the bomber alone would bring several times that, and does not stop. */
const LIMIT_MIB = 200

it('a growth bomb', async (t) => {
  const network = await startTestNetwork(t)
  const honest = await network.startPeers(['peer-1', 'peer-2'], { behaviour: { slowMs: 300 } })
  const bomber = await network.startPeer('bomber', { behaviour: { bombs: true } })
  const client = await network.client()
  const works = async (name: string) => {
    const { draft, expected } = numbersJob({ macroJobs: 1, microJobs: 12, blocks: 2 }, { name })
    const handle = await client.place(draft)
    await untilProcessed(handle, 1)
    assert.deepEqual(Buffer.from((await finish(client, handle)).bytes), Buffer.from(expected))
  }
  const before = await Promise.all(honest.map(({ pid }) => residentMib(pid)))
  let most = before
  const look = async () => {
    const now = await Promise.all(honest.map(({ pid }) => residentMib(pid)))
    most = most.map((mib, index) => Math.max(mib, now[index] as number))
  }
  // After the test there is nobody to look at.
  const looking = setInterval(() => look().catch(() => {}), 50)
  t.after(() => clearInterval(looking))

  const dropped = honest.map((peer) =>
    peer.line(
      ({ msg, author, form }) => msg === 'author convicted, its entries are dropped' && author === bomber.peer && form === 'excess',
    ),
  )
  await works('first')
  await Promise.all(dropped)
  // It goes on in the next one, and is met there as a stranger.
  await works('second')

  t.diagnostic(`MiB before and at most: ${before.map(Math.round)} ${most.map(Math.round)}`)
  for (const [index, mib] of most.entries()) assert.ok(mib - (before[index] as number) < LIMIT_MIB, `${mib} MiB`)
  for (const { log } of honest) {
    const errors = log.filter(({ level }) => level === 'error')
    assert.deepEqual(errors, [])
  }
  assert.ok(bomber.isRunning())
})
