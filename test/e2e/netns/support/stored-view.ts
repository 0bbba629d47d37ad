import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { JobId } from '../../../../src/job/ids.ts'
import type { JobView } from '../../../../src/job/view.ts'
import { createSigner, createVerifier } from '../../../../src/network/signatures-node.ts'
import { recordLogSchema } from '../../../../src/protocol/records.ts'
import { createReplica } from '../../../../src/replica/replica.ts'
import { openLevelStore } from '../../../../src/replica/store-level.ts'
import { openJobSession } from '../../../../src/roles/job-session.ts'
import { createFakeNetwork } from '../../../fakes/network.ts'

/** What the log of a Job says that lies in the data directory of a process that has ended: folded here, without any network. */
export async function storedView(dataDir: string, jobId: JobId): Promise<JobView> {
  const signer = createSigner(randomBytes(32))
  const { channels, streams } = createFakeNetwork().peer(signer.peer)
  const store = await openLevelStore({ path: join(dataDir, 'replica') })
  const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest())
  const replica = await createReplica({ channels, streams, signer, verify: createVerifier(), schema: recordLogSchema, store, sha256 })
  try {
    const session = await openJobSession({ replica, self: signer.peer }, jobId)
    return session.view
  } finally {
    await replica.stop()
    await store.close()
  }
}
