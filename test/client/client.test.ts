import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { createClientOn } from '../../src/client/client.ts'
import { systemClock } from '../../src/clock.ts'
import type { JobDraft } from '../../src/job/draft.ts'
import type { InvalidJobInfoError } from '../../src/job/errors.ts'
import { silentLogger } from '../../src/log.ts'
import { createSigner, verifySignature } from '../../src/network/signatures-node.ts'
import type { Blocks, Network, PeerId } from '../../src/ports.ts'
import { holdReplyCodec } from '../../src/protocol/messages.ts'
import { recordLogSchema } from '../../src/protocol/records.ts'
import { createReplica } from '../../src/replica/replica.ts'
import { createMemoryStore } from '../../src/replica/store-memory.ts'
import { JobNotFoundError, NoHolderError } from '../../src/roles/errors.ts'
import { HOLD_SPEC } from '../../src/roles/holder.ts'
import { createFakeNetwork } from '../fakes/network.ts'

const cid = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'
const draft: JobDraft = { name: 'lonely', code: '//', data: null, slicing: { layout: 'sequence', blockElements: 8 } } as JobDraft

/** A client whose blocks only count who is pinned, and a peer that holds Jobs where `holds` says so. */
async function clientOn(holds: boolean) {
  const fake = createFakeNetwork()
  const signer = createSigner(randomBytes(32))
  const holder: PeerId = createSigner(randomBytes(32)).peer
  const { channels, streams } = fake.peer(signer.peer)
  await fake.peer(holder).streams.serve(HOLD_SPEC, async function* () {
    yield holdReplyCodec.encode(holds ? { type: 'held', bytes: 1 } : { type: 'refused', code: 'full' })
  })
  const pinned = new Set<string>()
  const blocks = {
    async put(_: Uint8Array, { owner = '' } = {}) {
      pinned.add(owner)
      return cid
    },
    release: async (owner: string) => void pinned.delete(owner),
  } as unknown as Blocks
  const common = { channels, streams, signer, verify: verifySignature, clock: systemClock, logger: silentLogger }
  const replica = await createReplica({ ...common, schema: recordLogSchema, store: createMemoryStore() })
  const network = { self: signer.peer, channels, streams, peers: () => [holder] } as unknown as Network
  const stop = () => replica.stop()
  const client = await createClientOn({ ...common, network, replica, blocks, wallet: null, holders: () => [holder], stop })
  return { client, replica, pinned }
}

describe('the Jobs of a client', () => {
  it('hold none that could not be placed', async () => {
    const { client, replica, pinned } = await clientOn(false)
    await assert.rejects(client.place(draft), NoHolderError)
    assert.deepEqual([await client.jobs(), await replica.jobs(), pinned.size], [[], [], 0])
    await client.close()
  })

  it('hold none whose deadline has passed', async () => {
    const { client, replica, pinned } = await clientOn(true)
    await assert.rejects(client.place({ ...draft, deadline: 1_700_000_000 }), /deadline.*2023-11-14T22:13:20/)
    // All that is wrong is told at once.
    const { problems } = await client.place({ ...draft, name: '', deadline: 1_700_000_000 }).then(
      () => assert.fail('it was placed'),
      (error: InvalidJobInfoError) => error,
    )
    assert.deepEqual(
      problems.map(({ path }) => path),
      ['name', 'deadline'],
    )
    assert.deepEqual([await replica.jobs(), pinned.size], [[], 0])
    await client.close()
  })

  it('hold none that was looked for and not found', async () => {
    const { client, replica } = await clientOn(true)
    await assert.rejects(client.job('00'.repeat(31)), JobNotFoundError)
    assert.deepEqual([await client.jobs(), await replica.jobs()], [[], []])
    await client.close()
  })

  it('hold what was placed', async () => {
    const { client, replica } = await clientOn(true)
    const { jobId } = await client.place(draft)
    assert.deepEqual([(await client.jobs()).map((job) => job.jobId), await replica.jobs()], [[jobId], [jobId]])
    await client.close()
  })
})
