import { createHash } from 'node:crypto'
import { systemClock } from '../clock.ts'
import { isReadByOthers } from '../config/key-file-modes-node.ts'
import { KEY_FILES } from '../config/key-files.ts'
import type { Config } from '../config.ts'
import type { Logger } from '../log.ts'
import { NetworkKeyError } from '../network/errors.ts'
import type { Identity } from '../network/identity.ts'
import { loadIdentity } from '../network/identity-node.ts'
import { createNetwork, type MingaNetwork } from '../network/node.ts'
import { createVerifier } from '../network/signatures-node.ts'
import { nodePlatform } from '../network/transports-node.ts'
import { readPlainFile } from '../plain-file-node.ts'
import type { Abortable, Vault } from '../ports.ts'
import { recordLogSchema } from '../protocol/records.ts'
import { loadWallet, type Wallet } from '../protocol/wallet-file-node.ts'
import { createReplica, type LogReplica } from '../replica/replica.ts'
import { openLevelStore } from '../replica/store-level.ts'
import type { LocalBlocks } from '../storage/blocks.ts'
import { createNodeBlocks } from '../storage/blocks-node.ts'
import { type DataDirectory, openDataDirectory } from '../storage/data-directory-node.ts'
import { openVault } from '../storage/vault-node.ts'
import type { Undo } from './undo.ts'

/** The adapters of one process on Node.js, wired to each other; roles come on top. */
export interface MingaNode {
  identity: Identity
  wallet: Wallet
  network: MingaNetwork
  replica: LogReplica
  blocks: LocalBlocks
  vault: Vault
}

export interface NodeInit extends Abortable {
  config: Config
  logger: Logger
  role: 'peer' | 'bootstrap' | 'client'
  /** Where everything of this process lies; a client's is not a peer's, so that both run at once on one machine. */
  dataDir: string
}

/** Opens the data directory, the keys, the network, the replica and the blocks, in this order. Each step's stop goes to `undo`. */
export async function startNode({ config, logger, role, dataDir, signal }: NodeInit, undo: Undo): Promise<MingaNode> {
  const directory = await openDataDirectory(dataDir)
  undo.add(() => directory.close())
  await warnOfOpenKeys(config, directory, logger)
  const identity = await loadIdentity(config.identityFile ?? directory.sub(KEY_FILES.identity), {
    mustExist: config.identityFile !== undefined,
  })
  const wallet = await loadWallet(config.walletKeyFile ?? directory.sub(KEY_FILES.wallet), {
    mustExist: config.walletKeyFile !== undefined,
  })
  signal?.throwIfAborted()
  const network = await openNetwork({ config, logger, role }, identity)
  undo.add(() => network.stop())
  const store = await openLevelStore({ path: directory.sub('replica'), logger: logger.child('replica') })
  undo.add(() => store.close())
  const replica = await createReplica({
    channels: network.channels,
    streams: network.streams,
    signer: identity.signer,
    verify: createVerifier(),
    schema: recordLogSchema,
    store,
    clock: systemClock,
    logger: logger.child('replica'),
    sha256: (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
  })
  undo.add(() => replica.stop())
  const blocks = await createNodeBlocks(
    { streams: network.streams, libp2p: network.libp2p, logger: logger.child('blocks') },
    { directory: directory.sub('blocks'), routing: config.dht && role !== 'client' },
  )
  undo.add(() => blocks.stop())
  const vault = await openVault(directory.sub('vault'), logger)
  undo.add(() => vault.close())
  return { identity, wallet, network, replica, blocks, vault }
}

/** Whoever could read a key has it, also where loading makes the file its owner's alone: one line for an operator to act upon. */
async function warnOfOpenKeys(
  { identityFile, walletKeyFile, pnetKeyFile }: Config,
  directory: DataDirectory,
  logger: Logger,
): Promise<void> {
  const paths = [identityFile ?? directory.sub(KEY_FILES.identity), walletKeyFile ?? directory.sub(KEY_FILES.wallet), pnetKeyFile]
  const open: string[] = []
  for (const path of paths) if (path !== undefined && (await isReadByOthers(path))) open.push(path)
  if (open.length > 0) logger.warn('keys could be read by others: chmod 600, and make new ones where somebody may have', { paths: open })
}

async function openNetwork(
  { config, logger, role }: Pick<NodeInit, 'config' | 'logger' | 'role'>,
  identity: Identity,
): Promise<MingaNetwork> {
  const platform = await nodePlatform({ mdns: config.mdns })
  const pnetKey = config.pnetKeyFile === undefined ? undefined : await readNetworkKey(config.pnetKeyFile)
  return createNetwork(
    { platform, log: logger.child('network') },
    {
      privateKey: identity.privateKey,
      listen: role === 'client' ? [] : [...config.listen],
      announce: [...config.announce],
      bootstrap: [...config.bootstrap],
      bootstrapOnce: role === 'client',
      dht: dhtMode(config, role),
      relay: role === 'bootstrap' || config.relay,
      // Who tells others an address of its choice can be dialled there.
      reserve: role === 'peer' && !config.relay && config.announce.length === 0,
      ...(pnetKey && { pnetKey }),
    },
  )
}

/** A swarm.key takes 95. */
const MAX_KEY_FILE_BYTES = 4_096

/** Without its key a private network must not be joined by accident as a public one. Throws NetworkKeyError. */
async function readNetworkKey(path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readPlainFile(path, { maxBytes: MAX_KEY_FILE_BYTES }))
  } catch (error) {
    throw new NetworkKeyError(error, path)
  }
}

function dhtMode({ dht }: Config, role: NodeInit['role']): 'server' | 'client' | 'off' {
  if (!dht || role === 'client') return 'off'
  return role === 'bootstrap' ? 'server' : 'client'
}
