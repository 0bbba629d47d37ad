import { join } from 'node:path'
import { namesChain } from '../chain/names-chain.ts'
import type { CliWallet, OpenCliChain } from '../cli/ports.ts'
import { CLIENT_DIRECTORY, KEY_FILES } from '../config/key-files.ts'
import type { Config } from '../config.ts'
import { loadWallet, type Wallet } from '../protocol/wallet-file-node.ts'
import { openChain } from './open-chain.ts'

/** Where the two keep theirs (`startNode`, cli-client.ts). */
const DIRECTORIES = { peer: '.', client: CLIENT_DIRECTORY } as const

/** In the data directory: what wallet commands have sent, until whoever ran one has heard what came of it. */
const SENT_DIRECTORY = 'sent'

/** The chain for the command line's wallet commands: no network, no other part of a peer, so that they run beside one. */
export const openCliChain: OpenCliChain = async ({ config, logger, signal, wallet: whose }) => {
  const wallet = await walletOf(config, whose)
  const { chain } = await openChain({
    config,
    logger,
    walletKey: wallet.key,
    journal: join(config.dataDir, SENT_DIRECTORY),
    ...(signal && { signal }),
  })
  return chain
}

/** Whose money to ask for must be known before there is a chain. */
export const cliWallet: CliWallet = async ({ config, wallet: whose }) => {
  const { address } = await walletOf(config, whose)
  return { address, hasChain: namesChain(config.chain) }
}

async function walletOf(
  { dataDir, walletKeyFile }: Pick<Config, 'dataDir' | 'walletKeyFile'>,
  whose: keyof typeof DIRECTORIES,
): Promise<Wallet> {
  const directory = join(dataDir, DIRECTORIES[whose])
  return loadWallet(walletKeyFile ?? join(directory, KEY_FILES.wallet), { mustExist: walletKeyFile !== undefined })
}
