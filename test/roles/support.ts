import type { TestContext } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import { fieldToHex } from '../../src/job/field.ts'
import type { JobId } from '../../src/job/ids.ts'
import type { JobInfo } from '../../src/job/info.ts'
import { silentLogger } from '../../src/log.ts'
import { verifySignature } from '../../src/network/signatures-node.ts'
import type { Blocks, Compute, PeerId, Vault } from '../../src/ports.ts'
import { signCertificate } from '../../src/protocol/certificate.ts'
import { publicKeyFromPeerId } from '../../src/protocol/peer-id.ts'
import { jobIdOfInfo, recordLogSchema } from '../../src/protocol/records.ts'
import { randomWalletKey, walletAddress } from '../../src/protocol/wallet.ts'
import type { Store } from '../../src/replica/store.ts'
import { createMemoryStore } from '../../src/replica/store-memory.ts'
import { createJobSessions } from '../../src/roles/job-sessions.ts'
import { createJobsBoard } from '../../src/roles/jobs-board.ts'
import { createQueueSnapshots } from '../../src/roles/queue-snapshots.ts'
import type { FakeNetwork } from '../fakes/network.ts'
import { newSigner, startPeer } from '../replica/support.ts'
import { plainInfo } from '../support/job-world.ts'

export type RolePeer = Awaited<ReturnType<typeof startRolePeer>>

/** A peer on a fake network with all that roles are built on: real logs, sessions and a board. */
export async function startRolePeer(
  t: Pick<TestContext, 'after'>,
  network: FakeNetwork,
  {
    store = createMemoryStore(),
    signer = newSigner(),
    answersFirst = false,
  }: { store?: Store; signer?: ReturnType<typeof newSigner>; answersFirst?: boolean } = {},
) {
  const { net, replica } = await startPeer(network, { schema: recordLogSchema, store, signer })
  const { channels, streams } = net
  const self = signer.peer as PeerId
  const sessions = createJobSessions({ replica, self })
  const board = await createJobsBoard({ channels, clock: systemClock }, { answersFirst })
  t.after(() => replica.stop())
  return { self, net, store, signer, replica, channels, streams, sessions, board }
}

let jobs = 0

/** A Job that `peer` has written into its log, and keeps open. */
export async function writeJob(peer: RolePeer, changes: Partial<JobInfo> = {}) {
  const info = { ...plainInfo(1, 1, 1, peer.self), seed: fieldToHex(BigInt(++jobs)), ...changes }
  const jobId: JobId = jobIdOfInfo(info)
  const session = await peer.sessions.open(jobId)
  await session.append({ kind: 'job', info })
  return { jobId, info, session }
}

/** Blocks of which everything is here, except what `missing` says. */
export function fakeBlocks({ missing = () => false, code = new Uint8Array(1) }: { missing?: () => boolean; code?: Uint8Array } = {}) {
  const released: string[] = []
  const blocks: Blocks = {
    put: () => Promise.reject(new Error('nothing is put')),
    read: async () => code,
    fetch: async () => {
      if (missing()) throw new Error('nobody has it')
      return { bytes: 1 }
    },
    size: async () => 1,
    has: async () => true,
    release: async (owner) => void released.push(owner),
    gc: async () => ({ freedBytes: 0 }),
    stop: async () => {},
  }
  return { blocks, released }
}

/** A vault that lives as long as the test. */
export function memoryVault(): Vault & { keys(): string[] } {
  const values = new Map<string, Uint8Array>()
  return {
    put: async (scope, key, value) => void values.set(`${scope}|${key}`, value),
    get: async (scope, key) => values.get(`${scope}|${key}`),
    drop: async (scope) => [...values.keys()].filter((key) => key.startsWith(`${scope}|`)).forEach((key) => void values.delete(key)),
    keys: () => [...values.keys()],
  }
}

/** All that a processor is made of; its device never computes. */
export async function processorParts(t: Pick<TestContext, 'after'>, network: FakeNetwork) {
  const peer = await startRolePeer(t, network)
  const walletKey = randomWalletKey()
  const ran = Promise.withResolvers<void>()
  const facts = { peerKey: publicKeyFromPeerId(peer.self), chainId: 31337, expiry: 4_000_000_000 }
  const compute = {
    device: async () => ({ fingerprint: null }),
    run: async () => {
      ran.resolve()
      throw new Error('no device in this test')
    },
  } as unknown as Compute
  const vault: Vault = { put: async () => {}, get: async () => undefined, drop: async () => {} }
  const snapshots = await createQueueSnapshots({ streams: peer.streams })
  const { blocks, released } = fakeBlocks()
  const wallet = walletAddress(walletKey)
  const certificate = signCertificate(walletKey, facts)
  const rest = {
    verify: verifySignature,
    snapshots,
    blocks,
    compute,
    vault,
    clock: systemClock,
    logger: silentLogger,
    wallet,
    walletKey,
    certificate,
  }
  return { peer, released, ran: ran.promise, components: { ...peer, ...rest } }
}
