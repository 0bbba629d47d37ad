import { randomBytes } from 'node:crypto'
import { type ClientParts, createClientOn, type MingaClient } from '../../src/client/client.ts'
import { systemClock } from '../../src/clock.ts'
import { silentLogger } from '../../src/log.ts'
import { createNetwork } from '../../src/network/node.ts'
import { createSigner, createVerifier } from '../../src/network/signatures-node.ts'
import { nodePlatform } from '../../src/network/transports-node.ts'
import type { JobLog, LogEntry, Replica } from '../../src/ports.ts'
import { recordLogSchema } from '../../src/protocol/records.ts'
import { nodeSha256 } from '../../src/replica/hash-node.ts'
import { createReplica } from '../../src/replica/replica.ts'
import { createMemoryStore } from '../../src/replica/store-memory.ts'
import { createBlocks } from '../../src/storage/blocks.ts'
import { sharedNowMs } from './child.ts'

/** The client library over a node that we can look into: when did which record arrive? */
export interface Requester {
  client: MingaClient
  replica: Replica
}

export async function startRequester(bootstrap: string): Promise<Requester> {
  const privateKey = randomBytes(32)
  const network = await createNetwork({ platform: await nodePlatform() }, { privateKey, listen: [], bootstrap: [bootstrap], dht: 'off' })
  await network.waitForBootstrap({ timeoutMs: 10_000 })
  const { channels, streams } = network
  const verify = createVerifier()
  const replica = await createReplica({
    channels,
    streams,
    signer: createSigner(privateKey),
    verify,
    schema: recordLogSchema,
    store: createMemoryStore(),
    sha256: nodeSha256,
  })
  const blocks = await createBlocks({ streams })
  const parts: ClientParts = {
    network,
    replica,
    blocks,
    clock: systemClock,
    verify,
    logger: silentLogger,
    wallet: null,
    holders: () => [bootstrap.split('/p2p/').at(-1)!],
    async stop() {
      await blocks.stop()
      await replica.stop()
      await network.stop()
    },
  }
  return { client: await createClientOn(parts), replica }
}

/** When, on the shared clock, the first and the last of so many MicroJobs' commits came. Resolves with the last. */
export function watchCommits(log: JobLog, microJobs: number, total: number): Promise<{ firstMs: number; lastMs: number }> {
  const isProcessing = (key: string) => {
    const micro = /\/MicroJob(\d+)\/commit0$/.exec(key)?.[1]
    return micro !== undefined && Number(micro) < microJobs
  }
  const seen = new Set<string>()
  let firstMs: number | undefined
  const { promise, resolve } = Promise.withResolvers<{ firstMs: number; lastMs: number }>()
  const look = (entries: Iterable<LogEntry>) => {
    for (const { key } of entries) if (isProcessing(key)) seen.add(key)
    if (seen.size > 0) firstMs ??= sharedNowMs()
    if (seen.size >= total) resolve({ firstMs: firstMs!, lastMs: sharedNowMs() })
  }
  const stop = log.onEntries(look)
  look(log.entries())
  return promise.finally(stop)
}
