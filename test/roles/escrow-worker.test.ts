import assert from 'node:assert/strict'
import { it } from 'node:test'
import { silentLogger } from '../../src/log.ts'
import type { Chain } from '../../src/ports.ts'
import { doEscrowDuty } from '../../src/roles/escrow-worker.ts'
import type { LoadedJob } from '../../src/roles/loaded-job.ts'
import { JobWorld, paidInfo, peerName, plainInfo } from '../support/job-world.ts'

it('a beacon is pinned when as many blocks have passed as the rules of the escrow say', async () => {
  const info = paidInfo(plainInfo(1, 1, 1, peerName(16)))
  const { view } = new JobWorld(info, [{}])
  const pinned: number[] = []
  let number = 0
  const chain = {
    head: async () => ({ number, timestamp: 0 }),
    attempt: async () => ({ commitBlock: 10 }),
    rules: async () => ({ beaconDelayBlocks: 3 }),
    pinBeacon: async () => void pinned.push(number),
  } as unknown as Chain
  const components = { escrow: { chain, settles: false }, walletKey: new Uint8Array(32), logger: silentLogger }
  const job = { info, jobId: view.jobId, session: { view } } as unknown as LoadedJob
  for (number of [11, 12, 13, 14]) {
    const duty = { kind: 'pin-beacon', chunk: 0, attempt: 0 } as const
    await doEscrowDuty(components as never, job, duty, { signal: new AbortController().signal })
  }
  assert.deepEqual(pinned, [14])
})
