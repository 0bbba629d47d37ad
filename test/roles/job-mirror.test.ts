import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../../src/log.ts'
import type { Blocks } from '../../src/ports.ts'
import { createMirror } from '../../src/roles/job-mirror.ts'
import { createJobOutlook } from '../../src/roles/job-outlook.ts'
import type { JobSession } from '../../src/roles/job-session.ts'
import { CID, JobWorld, peerName, plainInfo, UNSERVED } from '../support/job-world.ts'

test('results that nobody gives yet are asked for again without any news, a bounded number of times; nothing of strangers is', async () => {
  const world = new JobWorld(plainInfo(2, 2, 2, peerName(16)), [{}, {}, {}])
  world.settle((macro) => macro % 2)
  const { view } = world
  const bytes = new Uint8Array(32)
  const wallet = `0x${'1'.repeat(40)}`
  const opening = { blockHashes: [bytes], salt: bytes, cid: UNSERVED, verdicts: null, wallet, checksum: bytes }
  world.write(peerName(9), { kind: 'reveal', macro: 0, micro: 0, attempt: 3, ...opening })
  let nowMs = 0
  const clock = {
    nowMs: () => nowMs,
    async sleep(ms: number) {
      await new Promise(setImmediate)
      nowMs += ms
    },
  }
  const asked: { cid: string; maxBytes: number | undefined; atMs: number }[] = []
  const gaveUp = Promise.withResolvers<void>()
  const blocks = {
    async fetch(cid: string, { maxBytes }: { maxBytes?: number }) {
      asked.push({ cid, maxBytes, atMs: nowMs })
      if (asked.length === 14) gaveUp.resolve()
      throw new Error('nobody has it')
    },
  } as unknown as Blocks
  const session = { jobId: view.jobId, view, onChange: () => () => {} } as unknown as JobSession
  const outlook = createJobOutlook(session, { clock })
  const mirror = createMirror({ self: peerName(8), blocks, clock, logger: silentLogger, outlook }, session, { onOver: () => {} })
  await gaveUp.promise
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
  await mirror.stop()
  assert.ok(mirror.isOver())
  assert.deepEqual([...new Set(asked.map(({ cid }) => cid))], [CID])
  assert.equal(asked.length, 14)
  assert.deepEqual(
    asked.slice(0, 4).map(({ atMs }) => atMs),
    [0, 2000, 6000, 14_000],
  )
})
