import type { CID } from 'multiformats/cid'
import type { PeerId } from '../ports.ts'
import type { BulkClient } from './bulk/client.ts'
import { keyOf } from './cid.ts'
import type { Claim, Inflight } from './inflight.ts'
import type { Intake } from './intake.ts'

export interface PrefetchComponents {
  bulk: BulkClient | undefined
  inflight: Inflight
  intake: Intake
}

/** Brings a file's first blocks from one peer in one request, claimed as it tells of them. Rejects where the peer does not give them. */
export async function prefetchTree(
  { bulk, inflight, intake }: PrefetchComponents,
  peer: PeerId,
  root: CID,
  signal: AbortSignal,
): Promise<void> {
  const claims = new Map<string, Claim>()
  const promise = (cid: CID): void => {
    const claim = inflight.claim(cid)
    if (claim) claims.set(keyOf(cid), claim)
  }
  promise(root)
  try {
    if (!bulk || !claims.has(keyOf(root))) return
    for await (const { want, bytes, found } of bulk.tree(peer, root, signal)) {
      for (const { cid } of found) promise(cid)
      const key = keyOf(want.cid)
      const claim = claims.get(key)
      claims.delete(key)
      if (bytes === undefined) claim?.fail(new Error('not there'))
      else await intake.take(want.cid, bytes, claim)
    }
  } finally {
    for (const claim of claims.values()) claim.fail(new Error('not sent'))
  }
}
