/** FAULTS 50: a peer's disk fills up in the middle of a Job: it says so and lives, others finish the Job, and with space it works again. */
import assert from 'node:assert/strict'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { it } from 'node:test'
import { startTestNetwork } from '../support/fault-network.ts'
import { finish, untilProcessed } from '../support/follow-job.ts'
import { numbersJob } from '../support/jobs.ts'
import { canMount, onSmallDisk } from '../support/small-disk.ts'

const MIB = 1024 * 1024
/** A peer starts with 64 MiB free; the ballast is more than all. */
const DISK_MIB = 80

it('a disk that fills up', { skip: !canMount() && 'this system lets nobody mount a small disk' }, async (t) => {
  const network = await startTestNetwork(t)
  const path = join(network.directory, 'small')
  await mkdir(path)
  const behaviour = { slowMs: 300, patience: { validateMs: 2000, recheckMs: 2000, stuckMs: 5000, goneMs: 1000 } }
  const [small] = await Promise.all([
    network.startPeer('small', { behaviour, within: onSmallDisk(path, DISK_MIB) }),
    network.startPeer('peer-1', { behaviour }),
    network.startPeer('peer-2', { behaviour }),
  ])
  const client = await network.client()
  const shape = { macroJobs: 2, microJobs: 6, blocks: 2 }
  // The way into the other process's mounts.
  const ballast = join(`/proc/${small.pid}/root`, path, 'ballast')

  await t.test('stops only the peer that has it', async () => {
    const { draft, expected } = numbersJob(shape, { name: 'full' })
    const handle = await client.place(draft)
    await untilProcessed(handle, 2)
    await writeFile(ballast, Buffer.alloc(2 * DISK_MIB * MIB)).catch((error: NodeJS.ErrnoException) => assert.equal(error.code, 'ENOSPC'))
    const { bytes, report } = await finish(client, handle)
    assert.deepEqual(Buffer.from(bytes), Buffer.from(expected))
    assert.equal(report.culprits.length, 0)
    assert.ok(small.isRunning())
    t.diagnostic([...new Set(small.log.filter(({ level }) => level !== 'debug').map(({ level, msg }) => `${level}: ${msg}`))].join('; '))
    assert.ok(
      small.log.some((line) => /space|ENOSPC/i.test(JSON.stringify(line))),
      'it says nothing of its disk',
    )
  })

  await t.test('and is emptied lets it work again', async () => {
    await rm(ballast)
    const { draft, expected } = numbersJob(shape, { name: 'emptied' })
    const handle = await client.place(draft)
    await small.line(({ msg, jobId }) => msg === 'joined a Job' && jobId === handle.jobId)
    const { bytes, report } = await finish(client, handle)
    assert.deepEqual(Buffer.from(bytes), Buffer.from(expected))
    const mine = report.peers.find(({ peer }) => peer === small.peer)
    assert.ok(mine && mine.processed + mine.validated > 0, 'it does nothing any more')
  })
})
