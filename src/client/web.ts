import { systemClock } from '../clock.ts'
import type { Logger } from '../log.ts'
import { silentLogger } from '../log.ts'
import { createNetwork } from '../network/node.ts'
import { createWebSigner, createWebVerifier } from '../network/signatures-web.ts'
import { webPlatform } from '../network/transports-web.ts'
import type { Abortable, Chain } from '../ports.ts'
import { recordLogSchema } from '../protocol/records.ts'
import { walletAddress } from '../protocol/wallet.ts'
import { createReplica } from '../replica/replica.ts'
import { createMemoryStore } from '../replica/store-memory.ts'
import { createBlocks } from '../storage/blocks.ts'
import { createClientOn, type MingaClient } from './client.ts'
import { checkInit } from './init.ts'

export interface CreateClientInit extends Abortable {
  /** Multiaddrs of bootstrap nodes that this client can dial: `/…/ws` or `/…/wss` ones; each ends in `/p2p/<peer id>`. */
  bootstrap: readonly string[]
  /** The 32-byte Ed25519 secret of this client: whoever has it may cancel its Jobs. @default a new one */
  privateKey?: Uint8Array
  /** The 32-byte secp256k1 key of the wallet that Jobs are placed from. @default none */
  walletKey?: Uint8Array
  /** The chain that pays for Jobs with a unit price (`connectChain` of minga/chain); its wallet is the one that Jobs are placed from. @default none */
  chain?: Chain
  logger?: Logger
  /** How long the first bootstrap node may take to answer. @default 10,000 */
  timeoutMs?: number
}

const SECRET_BYTES = 32

/**
 * A client that keeps everything in memory and dials by WebSocket: the same code in a browser and on Node.js. Throws ClientSettingsError,
 * BadMultiaddrError, BootstrapUnreachableError.
 */
export async function createClient(init: CreateClientInit): Promise<MingaClient> {
  checkInit(init)
  const { bootstrap, privateKey = crypto.getRandomValues(new Uint8Array(SECRET_BYTES)), walletKey, signal, timeoutMs = 10_000 } = init
  const logger = init.logger ?? silentLogger
  const { chain } = init
  const wallet = chain?.wallet ?? (walletKey === undefined ? null : walletAddress(walletKey))
  const stops: (() => Promise<void>)[] = []
  /** All that was opened, the last first; goes on after an error, and throws the first. */
  const stop = async () => {
    const failures: unknown[] = []
    for (const each of stops.splice(0).reverse()) await each().catch((error: unknown) => failures.push(error))
    if (failures.length > 0) throw failures[0]
  }
  const network = await createNetwork(
    { platform: webPlatform(), log: logger.child('network') },
    { privateKey, listen: [], bootstrap: [...bootstrap], bootstrapOnce: true, dht: 'off' },
  )
  stops.push(() => network.stop())
  try {
    await network.waitForBootstrap({ timeoutMs, once: true, ...(signal && { signal }) })
    const { channels, streams, libp2p } = network
    const signer = await createWebSigner(privateKey)
    const store = createMemoryStore()
    const verify = createWebVerifier()
    const common = { channels, streams, signer, verify, schema: recordLogSchema, store, clock: systemClock }
    const replica = await createReplica({ ...common, logger: logger.child('replica') })
    stops.push(() => replica.stop())
    const blocks = await createBlocks({ streams, libp2p, logger: logger.child('blocks') })
    stops.push(() => blocks.stop())
    const holders = () => bootstrap.flatMap((address) => /\/p2p\/([^/]+)$/.exec(address)?.[1] ?? [])
    return await createClientOn(
      { network, replica, blocks, clock: systemClock, verify, logger, wallet, holders, stop, ...(chain && { chain }) },
      { ...(signal && { signal }) },
    )
  } catch (error) {
    await stop().catch(() => {})
    throw error
  }
}
