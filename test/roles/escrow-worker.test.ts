import assert from 'node:assert/strict'
import { it } from 'node:test'
import { CallRevertedError, NothingAtStakeError } from '../../src/chain/errors.ts'
import { type Logger, silentLogger } from '../../src/log.ts'
import type { Chain } from '../../src/ports.ts'
import { doEscrowDuty } from '../../src/roles/escrow-worker.ts'
import type { LoadedJob } from '../../src/roles/loaded-job.ts'
import { JobWorld, paidInfo, peerName, plainInfo } from '../support/job-world.ts'

it('a beacon is pinned when as many blocks have passed as the rules of the escrow say', async () => {
  const info = paidInfo(plainInfo(1, 1, 1, peerName(16)))
  const { view } = new JobWorld(info, [{}])
  const pinned: number[] = []
  let number = 11
  const chain = {
    head: async () => ({ number, timestamp: 0 }),
    attempt: async () => ({ commitBlock: 10 }),
    rules: async () => ({ beaconDelayBlocks: 3 }),
    async *events(from: number) {
      for (number = from; ; number++) yield { type: 'chain:advanced', blockNumber: number, timestamp: 0 }
    },
    pinBeacon: async () => void pinned.push(number),
  } as unknown as Chain
  const components = { escrow: { chain, settles: () => false }, walletKey: new Uint8Array(32), logger: silentLogger }
  const job = { info, jobId: view.jobId, session: { view } } as unknown as LoadedJob
  const duty = { kind: 'pin-beacon', chunk: 0, attempt: 0 } as const
  const pin = () => doEscrowDuty(components as never, job, duty, { signal: new AbortController().signal })
  await pin()
  number = 20
  await pin()
  assert.deepEqual(pinned, [14, 20])
})

it('a witness whose bond was asked back and is still locked counts, one whose bond is free to go does not', async () => {
  const sent: number[] = []
  await convict(async ({ witnesses }) => {
    sent.push(witnesses.length)
    return { outcome: 'done' }
  })
  assert.deepEqual(sent, [3])
})

it('a culprit that has nothing left to lose is not asked for it again and again', async () => {
  const said: unknown[] = []
  const logger = { ...silentLogger, info: (message: string, facts?: object) => said.push({ message, ...facts }) }
  await convict(() => Promise.reject(new NothingAtStakeError('0xculprit')), logger)
  assert.deepEqual(
    said.map((line) => (line as { outcome: string }).outcome),
    ['nothing-at-stake'],
  )
  await assert.rejects(
    convict(() => Promise.reject(new CallRevertedError('convictWrongLeaf', 'NoSuchJob'))),
    CallRevertedError,
  )
})

/** Does a `convict` duty over a chain where four have testified, of whom one can take its bond out. */
async function convict(send: (conviction: { witnesses: unknown[] }) => Promise<unknown>, logger: Logger = silentLogger): Promise<void> {
  const info = paidInfo(plainInfo(1, 2, 1, peerName(16)))
  const { view } = new JobWorld(info, [{}])
  const enough = BigInt(info.payment?.minBondWei as string)
  const none = { bondWei: 0n, leavingWei: 0n, releaseAt: 0 }
  const stakes: Record<string, typeof none> = {
    bonded: { ...none, bondWei: enough },
    free: { ...none, leavingWei: enough, releaseAt: 1 },
    locked: { ...none, leavingWei: enough, releaseAt: Number(info.deadline) + 1 },
    other: { ...none, bondWei: enough },
  }
  const chain = { stake: async (wallet: string) => stakes[wallet], convict: send } as unknown as Chain
  const signature = new Uint8Array(65).fill(1)
  const commit = { jobId: 1n, macro: 0, micro: 0, attempt: 0, leaf: 1n }
  const offence = { culprit: 'x', macro: 0, micro: 0, attempt: 0, commit, signature, block: 0 }
  const testimonies = Object.keys(stakes).map((wallet) => ({ peer: wallet, wallet, signature }))
  const duty = { kind: 'convict', offence, hash: new Uint8Array(32), testimonies }
  const components = { escrow: { chain, settles: () => false }, walletKey: new Uint8Array(32).fill(1), logger }
  const job = { info, jobId: view.jobId, session: { view } } as unknown as LoadedJob
  await doEscrowDuty(components as never, job, duty as never, { signal: new AbortController().signal })
}
